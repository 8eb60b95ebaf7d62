# Calls the learner's function: arguments come on descriptor 3, the value goes out on descriptor 4, both as JSON.
#
# What the program prints stays its own. Traces show the learner's lines only.
require "json"

class CodeZestHarness
  # Not plain data: it cannot be compared with what a suite expects.
  class Refused < StandardError; end

  def initialize(path, signature, arguments)
    @path, @name, @arguments = path, signature["name"], arguments
  end

  def run
    value = theirs { call }
    text = encode(value)
    IO.for_fd(4).syswrite(text.slice!(0, 65_536)) until text.empty?
  rescue Refused => error
    abort "The value that '#{@name}' returned cannot be compared: #{error.message}."
  end

  private

  def call
    require @path
    main = TOPLEVEL_BINDING.receiver
    called = main.method(@name) if main.respond_to?(@name, true)
    abort "Your program defines no function named '#{@name}'." unless called&.source_location
    called.call(*@arguments)
  end

  # Runs the learner's code; ends as an interpreter would if it fails.
  def theirs
    yield
  rescue SystemExit, SignalException
    raise
  rescue Exception => error
    error.set_backtrace(error.backtrace.reject { |line| line.start_with?(__dir__) }) if error.backtrace
    abort error.full_message(highlight: false)
  end

  def encode(value, depth = 0)
    raise Refused, "it is nested more than 100 deep" if depth > 100
    case value
    when nil, true, false, Integer then value.nil? ? "null" : value.to_s
    when Float then number(value)
    when String, Symbol then string(value.to_s)
    when Array then "[#{value.map { |item| encode(item, depth + 1) }.join(",")}]"
    when Hash then "{#{value.map { |key, item| "#{member(key)}:#{encode(item, depth + 1)}" }.join(",")}}"
    else raise Refused, "a #{value.class} is not plain data (numbers, strings, true, false, nil, arrays, hashes)"
    end
  end

  # JSON has no word for what is no number; the checker reads the ones Ruby writes too.
  def number(value)
    value.finite? ? JSON.generate(value) : value.to_s
  end

  def string(text)
    JSON.generate(text)
  rescue JSON::GeneratorError, EncodingError
    raise Refused, "a string in it is not UTF-8"
  end

  def member(key)
    return string(key.to_s) if key.is_a?(String) || key.is_a?(Symbol)
    raise Refused, "a hash in it has keys that are no strings"
  end
end

arguments = JSON.parse(IO.for_fd(3).read)
signature = JSON.parse(ENV.delete("CODEZEST_FUNCTION"))
CodeZestHarness.new(ARGV.shift, signature, arguments).run
