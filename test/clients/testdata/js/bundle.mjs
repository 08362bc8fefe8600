// Makes the script of the page: node bundle.mjs OUTFILE
import { build } from "esbuild";

await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["page.mjs"],
  bundle: true,
  platform: "browser",
  format: "esm",
  target: "es2022",
  outfile: process.argv[2],
  logLevel: "warning",
  // The package's own entry for browsers. It names that without an extension, and esbuild misses it.
  alias: { "@aws-sdk/credential-providers": "@aws-sdk/credential-providers/dist-es/index.browser.js" },
});
