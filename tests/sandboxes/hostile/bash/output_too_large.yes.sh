yes "$(printf '\e[2J')" | tee /dev/stderr
