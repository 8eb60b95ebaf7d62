const CONSONANTS = "bcdfghjklmnpqrstvwxyz";
const VOWELS = "aeiou";
const pick = (letters) => letters[Math.floor(Math.random() * letters.length)];

const syllables = Number(require("fs").readFileSync(0, "utf8"));
let password = "";
for (let i = 0; i < syllables; i++) {
  const consonant = pick(CONSONANTS);
  password += (i === 0 ? consonant.toUpperCase() : consonant) + pick(VOWELS);
}
const number = Math.floor(Math.random() * 100);
console.log(`${password}-${String(number).padStart(2, "0")}`);
