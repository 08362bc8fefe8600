// Runs the application in a page, which hands the report to the server that it came from.
import { report } from "./application.mjs";

const settings = await fetch("settings.json").then((answer) => answer.json());
const body = await report(settings).then(JSON.stringify, (error) => String(error.stack ?? error));
await fetch("report", { method: "POST", body });
