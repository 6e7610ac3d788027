// The server of the example's page: files, and one address that takes the token. Not for anything but this example.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const [port = "8081", hitherd = "http://localhost:8080"] = process.argv.slice(2);
const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript" };

/** Asks hitherd whose token that is. An application opens a session of its own here, and keeps no token in a page. */
async function greet(authorization) {
  const answer = await fetch(`${hitherd}/api/v1/me`, { headers: { Authorization: authorization ?? "" } });
  return answer.ok ? `Hello, ${(await answer.json()).account.display_name}.` : "Nobody is signed in.";
}

/** The page's files, and those of the package. */
async function file(url) {
  const { pathname } = new URL(url, "http://localhost");
  const name = pathname === "/" ? "index.html" : path.basename(pathname);
  const folder = pathname.startsWith("/hither/") ? "../../sdk/dist" : ".";
  const body = await readFile(path.join(import.meta.dirname, folder, name), "utf8");
  return { type: types[path.extname(name)], body: body.replace("http://localhost:8080", hitherd) };
}

createServer(async (request, response) => {
  try {
    if (request.method === "POST" && request.url === "/session") {
      response.setHeader("Content-Type", "text/plain; charset=utf-8");
      return response.end(await greet(request.headers.authorization));
    }
    const { type = "text/plain", body } = await file(request.url);
    response.setHeader("Content-Security-Policy", `default-src 'self'; connect-src 'self' ${hitherd}; img-src data:`);
    response.setHeader("Content-Type", type);
    return response.end(body);
  } catch {
    response.statusCode = 404;
    return response.end();
  }
}).listen(Number(port), "localhost", function () {
  console.log(`listening http://localhost:${this.address().port}`);
});
