// parseInt stops at the point: 21.5 becomes 21.
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
for (const line of lines.slice(1)) {
  const [text, scale] = line.split(" ");
  const temperature = parseInt(text, 10);
  console.log(scale === "C" ? (temperature * 9) / 5 + 32 : ((temperature - 32) * 5) / 9);
}
