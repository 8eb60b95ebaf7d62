const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
const count = Number(lines[0]);
for (let i = 1; i <= count; i++) {
  const [temperature, scale] = lines[i].split(" ");
  // Convert the temperature to the other scale.
  console.log(temperature);
}
