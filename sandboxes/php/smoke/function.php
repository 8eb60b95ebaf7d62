<?php
function add(int $a, int $b): int {
    echo "not the answer\n";
    return $a + $b;
}
