const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

const amount = (cents) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;

const out = [];
let total = 0;
for (const line of lines) {
  const [name, quantity, price] = line.trim().split(" ");
  const cost = Number(quantity) * Number(price.replace(".", ""));
  out.push(`${name} ${amount(cost)}`);
  total += cost;
}
if (total >= 10000) {
  const discount = Math.floor(total / 10);
  out.push(`discount ${amount(discount)}`);
  total -= discount;
}
out.push(`total ${amount(total)}`);
console.log(out.join("\n"));
