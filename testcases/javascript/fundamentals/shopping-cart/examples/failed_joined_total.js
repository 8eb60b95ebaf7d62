// The total begins as a text, so every cost is written behind it instead of added.
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

let total = "";
for (const line of lines) {
  const [name, quantity, price] = line.split(" ");
  const cost = (quantity * price).toFixed(2);
  console.log(name, cost);
  total += cost;
}
console.log("total", total);
