<?php
// Calls the learner's function: arguments come on descriptor 3, the value goes out on descriptor 4, both as JSON.
//
// What the program prints stays its own. An empty array is a list; for an empty object a function returns a stdClass.

namespace CodeZest;

final class Harness
{
    private string $name;
    private array $arguments;

    public function __construct()
    {
        $this->arguments = json_decode(stream_get_contents(fopen('php://fd/3', 'r')), true, 512, JSON_THROW_ON_ERROR);
        $this->name = json_decode(getenv('CODEZEST_FUNCTION'), true)['name'];
        putenv('CODEZEST_FUNCTION');
        unset($_SERVER['CODEZEST_FUNCTION'], $_ENV['CODEZEST_FUNCTION']);
        array_shift($GLOBALS['argv']);
        $GLOBALS['argc'] = $_SERVER['argc'] = 1;
        $_SERVER['argv'] = $GLOBALS['argv'];
    }

    public function run(): void
    {
        if (!in_array(strtolower($this->name), get_defined_functions()['user'], true)) {
            $this->fail("Your program defines no function named '$this->name'.");
        }
        $value = ($this->name)(...$this->arguments);
        try {
            $text = $this->encode($value, 0);
        } catch (\UnexpectedValueException $error) {
            $this->fail("The value that '$this->name' returned cannot be compared: {$error->getMessage()}.");
        }
        $target = fopen('php://fd/4', 'w');
        for ($at = 0; $at < strlen($text); $at += fwrite($target, substr($text, $at, 65536)));
    }

    private function encode(mixed $value, int $depth): string
    {
        if ($depth > 100) {
            throw new \UnexpectedValueException('it is nested more than 100 deep');
        }
        return match (true) {
            is_float($value) => $this->number($value),
            is_array($value) && array_is_list($value) => $this->list($value, $depth),
            is_array($value), $value instanceof \stdClass => $this->members((array) $value, $depth),
            is_string($value) => $this->string($value),
            is_null($value), is_bool($value), is_int($value) => json_encode($value),
            default => throw new \UnexpectedValueException(get_debug_type($value) . ' is not plain data'),
        };
    }

    private function number(float $value): string
    {
        // JSON has no word for what is no number; the checker reads the ones Python writes.
        return match (true) {
            is_nan($value) => 'NaN',
            is_infinite($value) => $value > 0 ? 'Infinity' : '-Infinity',
            default => json_encode($value, JSON_PRESERVE_ZERO_FRACTION),
        };
    }

    private function string(string $text): string
    {
        $said = json_encode($text, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        return $said !== false ? $said : throw new \UnexpectedValueException('a string in it is not UTF-8');
    }

    private function list(array $items, int $depth): string
    {
        $said = [];
        foreach ($items as $item) {
            $said[] = $this->encode($item, $depth + 1);
        }
        return '[' . implode(',', $said) . ']';
    }

    private function members(array $members, int $depth): string
    {
        $said = [];
        foreach ($members as $name => $item) {
            $said[] = $this->string((string) $name) . ':' . $this->encode($item, $depth + 1);
        }
        return '{' . implode(',', $said) . '}';
    }

    private function fail(string $message): never
    {
        fwrite(STDERR, "$message\n");
        exit(1);
    }
}

$GLOBALS['codezest'] = new Harness();
// Here and not in a function, so that the program's variables are global as they are when it runs by itself.
require $argv[0];
$codezest->run();
