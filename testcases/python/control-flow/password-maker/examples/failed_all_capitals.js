// Every syllable begins with a capital; only the first one may.
const syllables = Number(require("fs").readFileSync(0, "utf8"));
console.log("Ko".repeat(syllables) + "-31");
