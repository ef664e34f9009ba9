# usage: fish --no-config test/options/ask.fish COMPLETION LINE...
#
# What fish offers at the end of each line, sorted, a line each; COMPLETION is tfomap's.
source $argv[1]
for line in $argv[2..-1]
    echo (complete -C $line | cut -f 1 | sort -u)
end
