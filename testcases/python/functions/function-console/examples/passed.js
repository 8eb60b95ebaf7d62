const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));
const functions = new Map([
  ["add", ([a, b]) => Number(a) + Number(b)],
  ["gcd", ([a, b]) => gcd(Number(a), Number(b))],
  ["clamp", ([x, low, high]) => Math.max(Number(low), Math.min(Number(x), Number(high)))],
  ["largest", (numbers) => Math.max(...numbers.map(Number))],
  ["reverse", ([word]) => [...word].reverse().join("")],
]);

const results = lines.map((line) => {
  const [name, ...words] = line.trim().split(" ");
  const wanted = functions.get(name);
  return wanted ? String(wanted(words)) : `no function ${name}`;
});
console.log(results.join("\n"));
