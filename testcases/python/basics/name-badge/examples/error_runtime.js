// A constant cannot be given a new value: TypeError.
const name = require("fs").readFileSync(0, "utf8").trim();
const frame = "+";
for (let i = 0; i < name.length + 2; i++) {
  frame += "-";
}
console.log(frame + "+");
console.log(`| ${name} |`);
console.log(frame + "+");
