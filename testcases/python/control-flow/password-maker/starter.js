const syllables = Number(require("fs").readFileSync(0, "utf8"));

// Build the password: the syllables, a hyphen, two digits.
const password = "ba".repeat(syllables);
console.log(password);
