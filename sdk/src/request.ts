import { type Ceremony, HitherError, type HitherErrorDetails, type ServerErrorCode } from "./errors.ts";

/** Where the API of this origin is. */
export const defaultBase = "/api/v1";

/** Milliseconds after which an unanswered request counts as unreachable. */
const patience = 30_000;

export interface RequestOptions {
  /** Address of the API; {@link defaultBase} when absent. */
  base?: string | undefined;
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** The ceremony that this request finishes. */
  ceremony?: Ceremony;
}

/** Whether an API is of another origin than this page: there are no cookies then, and sessions are tokens. */
export function foreign(base?: string): boolean {
  try {
    return base !== undefined && new URL(base, location.href).origin !== location.origin;
  } catch {
    return false; // no address at all: the request will fail
  }
}

/** What finish asks for: a token where the API is of another origin, else the cookie that is the default. */
export function sessionKind(base?: string): "bearer" | undefined {
  return foreign(base) ? "bearer" : undefined;
}

/** Asks the API. Resolves with the JSON of a success (undefined when it has no body), else throws a HitherError. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), patience);
  const stop = () => limit.abort();
  options.signal?.addEventListener("abort", stop);
  const details: HitherErrorDetails = options.ceremony ? { ceremony: options.ceremony } : {};
  try {
    options.signal?.throwIfAborted();
    const response = await fetch((options.base ?? defaultBase) + path, init(options, limit.signal));
    if (!response.ok) {
      throw await problem(response, details);
    }
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (error) {
    if (error instanceof HitherError) {
      throw error;
    }
    if (options.signal?.aborted) {
      throw new HitherError("aborted", "another ceremony took over", { ...details, cause: error });
    }
    const hint = foreign(options.base) ? "; is this page's origin one of its related_origins?" : "";
    throw new HitherError("unreachable", `nothing usable came back from the server${hint}`, { ...details, cause: error });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

function init(options: RequestOptions, signal: AbortSignal): RequestInit {
  const all: RequestInit = {
    method: options.method ?? "POST",
    headers: { Accept: "application/json, application/problem+json" },
    credentials: foreign(options.base) ? "omit" : "same-origin",
    cache: "no-store",
    redirect: "error",
    signal,
  };
  if (options.body !== undefined) {
    all.headers = { ...all.headers, "Content-Type": "application/json" };
    all.body = JSON.stringify(options.body);
  }
  return all;
}

/** Makes the error of a problem document (RFC 9457), or of whatever else answered. */
async function problem(response: Response, details: HitherErrorDetails): Promise<HitherError> {
  const body: unknown = await response.json().catch(() => undefined);
  const code = text(body, "code");
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const requestId = text(body, "request_id");
  return new HitherError(
    (code ?? fallback(response.status)) as ServerErrorCode,
    text(body, "detail") ?? text(body, "title") ?? `the server answered ${response.status}`,
    {
      ...details,
      status: response.status,
      ...(requestId !== undefined && { requestId }),
      ...(Number.isFinite(retryAfter) && { retryAfter }),
    },
  );
}

/** The code of an answer that names none, as a proxy's. */
function fallback(status: number): ServerErrorCode {
  switch (status) {
    case 401:
      return "unauthenticated";
    case 404:
      return "not_found";
    case 429:
      return "rate_limited";
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return "internal";
  }
}

function text(body: unknown, member: string): string | undefined {
  if (typeof body !== "object" || body === null) {
    return undefined;
  }
  const value = (body as Record<string, unknown>)[member];
  return typeof value === "string" ? value : undefined;
}
