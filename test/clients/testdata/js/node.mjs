// Runs the application in Node: settings come as an argument, the report goes to standard output.
import { report } from "./application.mjs";

console.log(JSON.stringify(await report(JSON.parse(process.argv[2]))));
