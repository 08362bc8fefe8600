
# Without the package bash-completion, this finds the words up to the cursor: bash has parted
# them at = and : too.
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    __poolkeeper_init_completion()
    {
        COMPREPLY=()
        words=()
        cword=-1
        local line=${COMP_LINE:0:COMP_POINT} word i
        for ((i = 0; i <= COMP_CWORD; i++)); do
            word=${COMP_WORDS[i]}
            if [[ $i -eq 0 || $line == [[:space:]]* ]]; then
                line=${line#"${line%%[![:space:]]*}"}
                words[++cword]=""
            fi
            [[ $i -lt $COMP_CWORD ]] || word=$line
            words[cword]+=$word
            line=${line#"$word"}
        done
        cur=${words[cword]}
        prev=
        [[ $cword -eq 0 ]] || prev=${words[cword - 1]}
    }
fi
