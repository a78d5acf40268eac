/** Who may import whom. core imports nobody, node only core; only the extension imports vscode; the trainer never does. */
module.exports = {
  forbidden: [
    {
      name: "core-imports-nobody",
      severity: "error",
      comment: "src/core is pure: it may be used by the trainer, the extension and the browser alike.",
      from: { path: "^src/core" },
      to: { path: "^(src/(node|trainer|extension)|webview|test)" },
    },
    {
      name: "core-is-pure",
      severity: "error",
      comment: "No file system, process, editor or tensor library in src/core.",
      from: { path: "^src/core" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "core-libraries",
      severity: "error",
      comment: "src/core may use the schema and YAML libraries only.",
      from: { path: "^src/core" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer"], pathNot: "node_modules/(zod|yaml)/" },
    },
    {
      name: "node-knows-core-only",
      severity: "error",
      comment: "src/node is what trainer and extension share: Node's own modules and src/core.",
      from: { path: "^src/node" },
      to: { path: "^(src/(trainer|extension)|webview|test)" },
    },
    {
      name: "node-libraries",
      severity: "error",
      comment:
        "src/node is bundled into the extension: libraries of pure JavaScript only, for schemas, YAML and archives.",
      from: { path: "^src/node" },
      to: {
        dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer"],
        pathNot: "node_modules/(zod|yaml|yauzl|hyparquet|hyparquet-compressors)/",
      },
    },
    {
      name: "only-the-extension-imports-vscode",
      severity: "error",
      from: { path: "^(src|webview)", pathNot: "^src/extension" },
      to: { path: "^vscode$" },
    },
    {
      name: "trainer-knows-no-editor",
      severity: "error",
      from: { path: "^src/trainer" },
      to: { path: "^(src/extension|webview)" },
    },
    {
      name: "extension-runs-no-training-code",
      severity: "error",
      from: { path: "^src/extension" },
      to: { path: "(^src/trainer|onnxruntime|@tensorflow)" },
    },
    {
      name: "webview-knows-messages-only",
      severity: "error",
      from: { path: "^webview" },
      to: { path: "^src/(node|trainer|extension)" },
    },
    {
      name: "controls-from-one-place",
      severity: "error",
      comment: "The toolkit is archived: it can be replaced in webview/ui alone.",
      from: { path: "^(src|webview)", pathNot: "^webview/ui/" },
      to: { path: "@vscode/webview-ui-toolkit" },
    },
    {
      name: "no-folder-knots",
      severity: "error",
      comment: "Folders that import each other are one folder in two places: what both need belongs below them.",
      scope: "folder",
      from: { path: "^(src|webview)" },
      to: { circular: true },
    },
    { name: "no-cycles", severity: "error", from: { path: "^(src|webview)" }, to: { circular: true } },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^(vscode|@tensorflow/tfjs-node)$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
