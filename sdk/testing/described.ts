import { readFileSync } from "node:fs";
import path from "node:path";

/** Holds stand-ins for the control API to its description, which a test in Go keeps true. */

interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
}

interface Response {
  description: string;
  content?: Record<string, { schema: Schema }>;
}

interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

// npm runs tests in the folder of the package.
const file = path.resolve("../internal/control/testdata/openapi.json");
const description = JSON.parse(readFileSync(file, "utf8")) as Description;

/** What is asked, and what is answered. A body that is no JSON is given as its bytes. */
export interface Exchange {
  method: string;
  url: string;
  asked: unknown;
  status: number;
  answered: unknown;
}

/** What the description does not know of an exchange; nothing, if the control API could have answered so. */
export function undescribed({ method, url, asked, status, answered }: Exchange): string[] {
  const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
  const operation = find(pathname)?.[method.toLowerCase()];
  if (!operation) {
    return ["there is no such operation"];
  }
  const query = (operation.parameters ?? []).filter((one) => one.in === "query");
  const wrong = [...searchParams].flatMap(([name, value]) => {
    const known = query.find((one) => one.name === name);
    return known ? mismatch(Number(value), known.schema, `?${name}`) : [`?${name} is not described`];
  });
  const body = operation.requestBody?.content["application/json"];
  if (asked !== undefined) {
    wrong.push(...(body ? mismatch(asked, body.schema, "request") : ["it takes no body"]));
  } else if (operation.requestBody?.required) {
    wrong.push("it wants a body");
  }
  const response = operation.responses[status];
  if (!response) {
    return [...wrong, `it does not answer ${status}`];
  }
  const problem = response.content?.["application/problem+json"];
  const answer = problem ?? response.content?.["application/json"];
  if (answered instanceof Uint8Array) {
    return response.content?.["image/png"] ? wrong : [...wrong, "its answer is no picture"];
  }
  if (!answer) {
    return answered === undefined ? wrong : [...wrong, `its answer ${status} has no such body`];
  }
  const { code } = (answered ?? {}) as { code?: string };
  if (problem && !response.description.replace("Code: ", "").split(", ").includes(code ?? "")) {
    wrong.push(`${code} is no code of a ${status}`);
  }
  return [...wrong, ...mismatch(answered, answer.schema, "answer")];
}

function find(pathname: string): Record<string, Operation> | undefined {
  const parts = pathname.split("/");
  const entry = Object.entries(description.paths).find(([pattern]) => {
    const wanted = pattern.split("/");
    return wanted.length === parts.length && wanted.every((part, i) => part === parts[i] || (part.startsWith("{") && parts[i]));
  });
  return entry?.[1];
}

/** Where a value is not what its schema says. Members that are not described are wrong, also where some may be added. */
function mismatch(value: unknown, schema: Schema, where: string): string[] {
  if (schema.$ref) {
    return mismatch(value, description.components.schemas[schema.$ref.split("/").at(-1)!]!, where);
  }
  const kind = Array.isArray(value) ? "array" : value === null ? "null" : Number.isInteger(value) ? "integer" : typeof value;
  if (schema.type !== undefined && kind !== schema.type) {
    return [`${where} is of type ${kind}, not ${schema.type}`];
  }
  if (schema.enum && !schema.enum.includes(value)) {
    return [`${where} is ${String(value)}, not one of ${schema.enum.join(", ")}`];
  }
  if (typeof value === "number" && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value))) {
    return [`${where} is ${value}, beyond what it can be`];
  }
  if (Array.isArray(value)) {
    return value.flatMap((one, i) => mismatch(one, schema.items ?? {}, `${where}[${i}]`));
  }
  if (kind !== "object") {
    return [];
  }
  const members = value as Record<string, unknown>;
  const missing = (schema.required ?? []).filter((name) => !(name in members)).map((name) => `${where}.${name} is missing`);
  const wrong = Object.entries(members).flatMap(([name, member]) => {
    const known = schema.properties?.[name];
    return known ? mismatch(member, known, `${where}.${name}`) : [`${where}.${name} is not described`];
  });
  return [...missing, ...wrong];
}
