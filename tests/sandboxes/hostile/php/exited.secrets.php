<?php
// beside: a secret
$found = array_diff(array_keys(getenv()), ['PATH', 'HOME', 'LANG', 'PHP_INI_SCAN_DIR']);
foreach (['/proc/1/environ', '/proc/1/mem', '/etc/shadow', '/run/docker.sock'] as $path) if (@file_get_contents($path, false, null, 0, 10)) $found[] = $path;
foreach (['/tmp', '/dev/shm'] as $folder) if (count(scandir($folder)) > 2) $found[] = $folder;
if (@fsockopen('127.0.0.1', 80, $a, $b, 1) || @fsockopen('1.1.1.1', 80, $a, $b, 1) || @file_get_contents('http://1.1.1.1/')) $found[] = 'network';
for ($number = 3; $number < 300; $number++) {
    $name = @readlink("/proc/self/fd/$number");
    if ($name && !str_starts_with($name, '/code/') && !str_starts_with($name, '/proc/')) $found[] = $name;
}
echo $found ? json_encode($found) : 'held';
