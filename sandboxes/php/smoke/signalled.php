<?php
posix_kill(posix_getpid(), 6);
sleep(60);
