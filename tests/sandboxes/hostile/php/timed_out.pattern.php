<?php
ini_set('pcre.backtrack_limit', '1000000000000');
ini_set('pcre.jit', '0');
while (true) preg_match('/^(a+)+$/', str_repeat('a', 40) . 'b');
