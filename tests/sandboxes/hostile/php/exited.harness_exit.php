<?php
// returns: nothing
// The end, and a good one, while the function is called; a function to run afterwards that knows no answer.
register_shutdown_function(function () { echo 'later'; });
function add(int $a, int $b) { exit(0); }
