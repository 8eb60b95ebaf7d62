// toFixed belongs to numbers; price is a text: TypeError.
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

let total = 0;
for (const line of lines) {
  const [name, quantity, price] = line.split(" ");
  console.log(name, price.toFixed(2));
  total += quantity * price;
}
console.log("total", total.toFixed(2));
