// A quick start for tsc: the compiler as a heap snapshot, with the libraries that every program needs read and bound.
//
// Read and bound anew for every program they cost ten times as much as the program itself. The image's build appends
// this file to the compiler's own and has Node take a snapshot of the result (see Dockerfile); /usr/bin/tsc (tsc.sh)
// starts from that. The snapshot holds the parsed files of these options only, so it serves these options only, and
// says "not mine" to all others. Nothing of one program reaches the next: each starts from the file as it was built.
"use strict";
const fs = require("fs");
const { startupSnapshot } = require("v8");

const FOLDER = "/opt/codezest/sandboxes/typescript";
const LIBRARY = "/usr/share/nodejs/";
const NOT_MINE = 3;

const { compile } = JSON.parse(fs.readFileSync(`${FOLDER}/language.json`, "utf8"));
const options = compile[0].slice(1).filter((word) => !word.startsWith("{"));

const texts = new Map();
const files = new Map();
const { createSourceFile } = ts;
const system = {
  ...ts.sys,
  // The compiler remembers where it was built, which is not where it runs.
  getCurrentDirectory: () => process.cwd(),
  getExecutingFilePath: () => `${LIBRARY}typescript/lib/tsc.js`,
};

function warm() {
  const quiet = { ...system, write() {}, writeFile() {}, exit() {} };
  quiet.readFile = (name, encoding) => {
    const text = ts.sys.readFile(name, encoding);
    if (name.startsWith(LIBRARY)) texts.set(name, text);
    return text;
  };
  ts.createSourceFile = (name, ...rest) => {
    const file = files.get(name) ?? createSourceFile(name, ...rest);
    if (name.startsWith(LIBRARY)) files.set(name, file);
    return file;
  };
  // More than once, with a mistake in it: what has run once need not be compiled when it runs again.
  for (let i = 0; i < 3; i++) ts.executeCommandLine(quiet, () => {}, [...options, `${FOLDER}/warm.ts`]);
}

function main() {
  process.chdir("."); // or Node takes the folder it was built in for its own
  const given = process.argv.slice(1);
  if (options.some((word, index) => given[index] !== word)) process.exit(NOT_MINE);
  if (given.slice(options.length).some((word) => word.startsWith("-"))) process.exit(NOT_MINE);
  system.readFile = (name, encoding) => texts.get(name) ?? ts.sys.readFile(name, encoding);
  ts.createSourceFile = (name, ...rest) => files.get(name) ?? createSourceFile(name, ...rest);
  ts.sys.setBlocking?.();
  // Its own answers are 0 to 2; 1 is also Node's, if the snapshot is not of this processor or version.
  system.exit = (status) => process.exit(status === 1 ? 2 : status);
  ts.executeCommandLine(system, () => {}, given);
}

warm();
startupSnapshot.setDeserializeMainFunction(main);
