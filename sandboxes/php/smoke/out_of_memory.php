<?php
$held = [];
for (;;) $held[] = str_repeat("x", 1000000);
