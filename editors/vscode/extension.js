// Starts `roboconf lsp` for graphs, instances and descriptors.

const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = function () {
  const command = workspace.getConfiguration("roboconf").get("path");
  client = new LanguageClient(
    "roboconf",
    "Roboconf",
    { command, args: ["lsp"] },
    {
      documentSelector: [
        { language: "roboconf-graph" },
        { language: "roboconf-instances" },
        { language: "roboconf-commands" },
        { scheme: "file", pattern: "**/descriptor/application.properties" },
      ],
    },
  );
  return client.start();
};

exports.deactivate = function () {
  return client?.stop();
};
