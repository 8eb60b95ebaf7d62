<?php
echo "ok ", (int) fgets(STDIN), "\n";
