const [, ...readings] = require("fs").readFileSync(0, "utf8").trim().split("\n");

const converted = readings.map((line) => {
  const [text, scale] = line.trim().split(" ");
  const temperature = Number(text);
  return scale === "C" ? (temperature * 9) / 5 + 32 : ((temperature - 32) * 5) / 9;
});
console.log(converted.map((temperature) => temperature.toFixed(6)).join("\n"));
