import { advise, createPasskey, signIn } from "./hither/index.js";

const base = "http://localhost:8080/api/v1";
const [name, message] = [document.getElementById("name"), document.getElementById("message")];

/** Hands the token to this page's own server, which asks hitherd whose it is. */
const enter = ({ session }) => fetch("session", { method: "POST", headers: { Authorization: `Bearer ${session.token}` } });
const run = (ceremony) => ceremony().then(enter).then((answer) => answer.text()).catch((error) => advise(error)?.title)
  .then((text) => { message.textContent = text ?? ""; });

document.getElementById("create").onclick = () => run(() => createPasskey({ base, name: name.value }));
document.getElementById("enter").onclick = () => run(() => signIn({ base }));
