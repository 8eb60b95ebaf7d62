import { readFileSync } from "fs";

const n: number = parseInt(readFileSync(0, "utf8"));
console.log("ok " + n);
