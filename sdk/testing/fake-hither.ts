import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { undescribed } from "./described.ts";

/** A program hither and a control API for tests, as little of each as the package needs. */

/** Writes a program hither whose body is a script of Node. `word` is the subcommand of testbed, `flags` what follows. */
export async function fakeHither(t: TestContext, body: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "hither-fake-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "hither");
  await writeFile(file, `#!${process.execPath}\nconst [, , , word, ...flags] = process.argv;\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

/** A request that reached the fake control API. */
export interface Received {
  method: string;
  path: string;
  authorization: string | undefined;
  body: unknown;
}

/** What it answers; a Uint8Array goes out as it is. Of a problem document, code and detail will do. */
export interface Reply {
  status?: number;
  body?: unknown;
  /** It is not the control API that answers: what stands between may say anything. */
  foreign?: boolean;
}

/** A bed as the API has it. */
const bed = {
  screen: { width: 1280, height: 900 },
  air: { power: true, lose: 0, repeat: 0, delay_ms: 0, corrupt: false },
  phones: [],
  tunnel: "0xf980=wss://127.0.0.1:1",
  browser: "/usr/bin/chromium",
};

/** Answers as it is told. A test fails when the control API would not be asked so, or would not answer so. */
export class FakeControl {
  readonly requests: Received[] = [];
  /** Replies by method and path; a list is used up one by one, its last for ever. */
  readonly replies: Record<string, Reply | Reply[]> = {
    "GET /v1/bed": { body: bed },
    "PUT /v1/air": { body: bed.air },
  };
  readonly environment: Record<string, string>;
  /** What no control API has said, or been asked. */
  readonly #wrong: string[] = [];

  private constructor(server: Server) {
    const { port } = server.address() as AddressInfo;
    this.environment = {
      HITHER_TESTBED_URL: `http://127.0.0.1:${port}`,
      HITHER_TESTBED_TOKEN: "token",
      HITHER_TESTBED_CHROMIUM: "/bed/hither-chromium",
      DISPLAY: ":7",
      EDITOR: "ed",
    };
  }

  static async start(t: TestContext): Promise<FakeControl> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const fake = new FakeControl(server);
    t.after(() => {
      server.close();
      assert.deepEqual(fake.#wrong, []);
    });
    server.on("request", async (request, response) => {
      const { status = 200, body } = await fake.#answer(request);
      response.writeHead(status);
      response.end(body instanceof Uint8Array || body === undefined ? body : JSON.stringify(body));
    });
    return fake;
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    let text = "";
    for await (const part of request) {
      text += part;
    }
    const { method = "", url = "", headers } = request;
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    this.requests.push({ method, path: url, authorization: headers.authorization, body });
    let reply = this.replies[`${method} ${url}`];
    if (Array.isArray(reply)) {
      reply = reply.length > 1 ? reply.shift() : reply[0];
    }
    reply ??= { status: 404, body: { code: "not_found", detail: `nothing answers ${method} ${url}` } };
    const { status = 200, foreign = false } = reply;
    let answered = reply.body;
    if (status >= 400 && !foreign) {
      answered = { type: "about:blank", title: "", status, ...(answered as object) };
    }
    if (!foreign) {
      const wrong = undescribed({ method, url, asked: body, status, answered });
      this.#wrong.push(...wrong.map((what) => `${method} ${url}: ${what}`));
    }
    return { status, body: answered };
  }

  /** A phone as the API has it. */
  phone(more: object = {}): object {
    return { id: "phone-1", name: "phone", answer: "agree", faults: [], passkeys: [], ...more };
  }
}
