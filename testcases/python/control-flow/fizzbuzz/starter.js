const n = Number(require("fs").readFileSync(0, "utf8"));

for (let number = 1; number <= n; number++) {
  // Decide what to print for this number.
  console.log(String(number));
}
