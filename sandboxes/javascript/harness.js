// Calls the learner's function: arguments come on descriptor 3, the value goes out on descriptor 4, both as JSON.
//
// What the program prints stays its own. Everything used after the learner's file has been loaded was taken before, so
// replacing a library function forges nothing but the learner's own return value, which it could have chosen anyway.
"use strict";
const fs = require("fs");
const Module = require("module");
const path = require("path");
const { writeSync, readFileSync } = fs;
const { stringify } = JSON;
const { isArray } = Array;
const { isFinite: isFiniteNumber, isNaN: isNotNumber } = Number;
const { keys } = Object;

function encode(value, depth) {
  if (depth > 100) throw new TypeError("it is nested more than 100 deep");
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") {
    // JSON has no word for these; the checker reads the ones Python writes.
    if (isNotNumber(value)) return "NaN";
    if (!isFiniteNumber(value)) return value > 0 ? "Infinity" : "-Infinity";
    return stringify(value);
  }
  if (typeof value === "string" || typeof value === "boolean") return stringify(value);
  if (typeof value === "bigint") return `${value}`;
  const inside = [];
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) inside[i] = encode(value[i], depth + 1);
    return `[${inside}]`;
  }
  if (typeof value === "object") {
    const names = keys(value);
    for (let i = 0; i < names.length; i++) inside[i] = `${stringify(names[i])}:${encode(value[names[i]], depth + 1)}`;
    return `{${inside}}`;
  }
  throw new TypeError(`a ${typeof value} is not plain data`);
}

function fail(message) {
  writeSync(2, `${message}\n`);
  process.exit(1);
}

const given = JSON.parse(readFileSync(3, "utf8"));
const { name } = JSON.parse(process.env.CODEZEST_FUNCTION);
delete process.env.CODEZEST_FUNCTION;
const file = process.argv[2];
process.argv.splice(1, 2, file);

const learner = new Module(file, null);
learner.filename = file;
learner.paths = [path.dirname(file)];
// A function declaration is not exported by itself: one more line, after the file's own last, hands it out.
const handOut = `\n;module.exports = typeof ${name} === "function" ? { ${name} } : module.exports;`;
learner._compile(readFileSync(file, "utf8").replace(/^#!.*/, "") + handOut, file);

const called = learner.exports && learner.exports[name];
if (typeof called !== "function") fail(`Your program defines no function named '${name}'.`);

function report(value) {
  let text;
  try {
    text = Buffer.from(encode(value, 0));
  } catch (error) {
    fail(`The value that '${name}' returned cannot be compared: ${error.message}.`);
  }
  let at = 0;
  while (at < text.length) at += writeSync(4, text, at);
}

const value = called(...given);
if (value instanceof Promise) value.then(report);
else report(value);
