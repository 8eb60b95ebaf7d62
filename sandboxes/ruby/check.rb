# ruby check.rb FILES: whether they are Ruby, without running them. Exit code 1, and what is wrong, if one is not.
faulty = ARGV.uniq.reject do |name|
  RubyVM::InstructionSequence.compile_file(name)
rescue ScriptError, StandardError => error
  warn error.message
end
exit faulty.empty?
