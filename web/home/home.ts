import { ready, start } from "../shared/page.ts";

start();
ready();
