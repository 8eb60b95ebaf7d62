function caesar(text, shift) {
  return text.replace(/[a-z]/gi, (letter) => {
    const first = letter >= "a" ? 97 : 65;
    const place = (((letter.charCodeAt(0) - first + shift) % 26) + 26) % 26;
    return String.fromCharCode(first + place);
  });
}
