#!/usr/bin/env zsh
# usage: zsh -f test/options/ask.zsh FOLDER LINE...
#
# What zsh offers at the end of each line, sorted, a line each; FOLDER has _tfomap. The lines are
# typed into a shell of their own, in a terminal, whose completion says what it finds.
zmodload zsh/zpty

if [[ $1 == --inside ]]; then
	PROMPT= RPS1=
	fpath=($2 $fpath)
	autoload -Uz compinit
	compinit -u -D

	# Those calls that only look something up add nothing.
	compadd() {
		local -a hits

		if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
			builtin compadd -A hits "$@"
			offered+=($IPREFIX${^hits})
		fi
		builtin compadd "$@"
	}

	ask() {
		typeset -ga offered=()
		_main_complete
		print -r -- "<${(j: :)${(@ou)offered}}>"
		compstate[insert]= compstate[list]=
	}

	zle -C ask complete-word ask
	bindkey '^I' ask
	print '<ready>'
	return
fi

# answer: the next line of the shell's between angle brackets
answer() {
	zpty -r shell said '*<*>'
	said=${said##*<}
	print -r -- "${said%%>*}"
}

folder=$1
shift
export TERM=dumb LC_ALL=C
zpty shell zsh -f -i
zpty -w shell "source ${0:A} --inside ${(q)folder}"
answer >/dev/null
for line; do
	zpty -n -w shell $'\x15'"$line"$'\t'
	answer
done
zpty -d shell
