/// <reference path="/proc/1/environ" />
/// <reference path="/etc/passwd" />
/// <reference path="canary.txt" />
// never: root:
import secret = require("/proc/1/mem");
import text from "./canary.txt";
console.log(secret, text);
