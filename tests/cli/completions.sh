#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shells complete what the tables say can be typed: each verb, each option, and the values that are known.
# What --help shows of a table is compared with each script; bash is driven through every kind of word,
# zsh and fish as far as they are here.
. "$(dirname "$0")/lib.sh"
mkdir bin folder
ln -s "$FETTLE" bin/fettle
PATH=$work/bin:$PATH
export PATH
: >"my file.dfu"

skip() { # DESCRIPTION REASON
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

# ---- what can be typed, as --help shows it ----

run --help
sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p' "$out" >verbs
[ "$(wc -l <verbs)" -ge 9 ]
ok $? "--help shows the verbs"

options_of() { # VERB, on stdout
    "$FETTLE" help "$1" | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p'
}

# ---- the verb itself ----

run completions
ends_with 2 "completions without a shell"
says "$err" "bash, zsh or fish" "it names the shells"
run completions tcsh
ends_with 2 "completions of an unknown shell"
run completions bash --json
ends_with 2 "--json does not go with completions"

for shell in bash zsh fish; do
    run completions $shell
    ends_with 0 "completions $shell"
    is_empty "$err" "completions $shell: nothing on stderr"
    cp "$out" "script.$shell"
    LC_ALL=C.UTF-8 COLUMNS=40 "$FETTLE" completions $shell | cmp -s - "script.$shell"
    ok $? "$shell: the same in every locale"
done

# ---- all of the tables is in each script ----

for shell in bash zsh fish; do
    : >"$out"
    while read -r verb; do
        grep -qw -e "$verb" "script.$shell" || echo "$verb" >>"$out"
        for option in $(options_of "$verb"); do
            case $shell in
            fish) grep -q -e "__fettle_takes.* $verb[ '].*-l ${option#--} " "script.$shell" ;;
            zsh) sed -n "/^    $verb)/,/^        ;;/p" "script.$shell" | grep -q -e "$option[]=[}]" ;;
            bash) grep -q -e "^    $verb) echo '.*$option\b" "script.$shell" ;;
            esac || echo "$verb $option" >>"$out"
        done
    done <verbs
    is_empty "$out" "$shell: each verb, and each option of each verb"
    : >"$out"
    for slug in usb-permission several-boards completion-lost; do
        grep -q -w -e "$slug" "script.$shell" || echo "$slug" >>"$out"
    done
    is_empty "$out" "$shell: names that explain knows"
done

# ---- bash ----

bash -n script.bash
ok $? "bash: the syntax"

cat >driver.bash <<'END'
source script.bash
compopt() { echo "($*)"; }
line=$1
blanks=${line//=/ = }
[[ $COMP_WORDBREAKS != *:* ]] || blanks=${blanks//:/ : }
read -ra COMP_WORDS <<<"$blanks"
[[ $line != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
_fettle
[[ ${#COMPREPLY[@]} == 0 ]] || echo "${COMPREPLY[@]}"
END

# bash_says WANTED LINE: what the last word of the line can be; "(-o default)": files
bash_says() {
    bash --norc driver.bash "$2" >"$out" 2>"$err"
    status=$?
    [ "$(cat "$out")" = "$1" ] && [ ! -s "$err" ]
    ok $? "bash: \"$2\" is completed to: $1"
}
bash_says "update" "fettle up"
bash_says "$(tr '\n' ' ' <verbs | sed 's/ $//')" "fettle "
bash_says "reset" "fettle --board sim:dfu rese"
bash_says "reset" "fettle --board=sim:dfu -q rese"
bash_says "--transfer-size --try-software-dfu --trace" "fettle update --t"
bash_says "--to --trace" "fettle reset --t"
bash_says "--watch" "fettle list --wat"
bash_says "" "fettle list --overw"
bash_says "-q" "fettle list -q"
bash_says "app dfu rom" "fettle reset --to "
bash_says "dfu" "fettle reset --to=d"
bash_says "app dfu rom" "fettle reset --to="
bash_says "--dry-run --dry-run=offline" "fettle update --dr"
bash_says "offline" "fettle update --dry-run=o"
bash_says "pytrack" "fettle list --board sim:pyt"
bash_says "pytrack" "fettle list --board=sim:pyt"
bash_says "pyscan" "fettle list --board sim:dfu --board sim:pysc"
bash_says "usb-permission" "fettle explain usb-perm"
bash_says "sim" "fettle help si"
bash_says "verify" "fettle help ver"
bash_says "zsh" "fettle completions z"
bash_says "(-o default)" "fettle update my"
bash_says "(-o default)" "fettle update -q -- my"
bash_says "(-o default)" "fettle info "
bash_says "(-o default)" "fettle update x --trace "
bash_says "(-o default)" "fettle update x --report=my"
bash_says "(-o dirnames)" "fettle list --state-dir fo"
bash_says "" "fettle update one.dfu tw"
bash_says "" "fettle update x --revision "
bash_says "" "fettle list "
bash_says "" "fettle frobnicate "
sed -i '1i COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]}' driver.bash
sed -i 's/^blanks=.*/blanks=$line/' driver.bash
bash_says "sim:pytrack" "fettle list --board sim:pyt"
bash_says "--board=sim:pytrack" "fettle list --board=sim:pyt"

# Ports of boards that are there: of a fettle that sees two.
cat >bin/other <<'END'
#!/bin/sh
[ "$1 $2" = "list --json" ] || exit 1
echo '{"boards":[{"name":"A","path":"usb:1-1.2"},{"name":"B","path":"usb:1-3"}],"board":{"path":"usb:1-3"}}'
END
chmod +x bin/other
bash_says "usb:1-1.2 usb:1-3 usb:1-3" "other list --board u"

# A person at a terminal: the answers are typed, with their tabs.
tab=$(printf '\t')
python3 "$here/terminal.py" --answer "source ./script.bash" --answer "fettle expl${tab}usb-perm${tab}" \
    --answer "exit" -- env PS1="  > " bash --norc -i >"$out" 2>"$err" </dev/null
says "$out" "usb-permission (exit status 5" "bash: on a terminal, tabs make a command that runs"

# ---- zsh ----

if command -v zsh >/dev/null 2>&1; then
    zsh -n script.zsh >"$out" 2>"$err"
    ok $? "zsh: the syntax"
    mkdir functions
    cp script.zsh functions/_fettle

    # zsh_runs TEXT LINE: typed with its tabs, the line says so
    zsh_runs() {
        python3 "$here/terminal.py" --answer "fpath=(\$PWD/functions \$fpath)" \
            --answer "autoload -U compinit; compinit -u -D" --answer "$2" --answer "exit" -- \
            env PS1="  > " zsh -f -i >"$out" 2>"$err" </dev/null
        says "$out" "$1" "zsh: on a terminal, tabs make a command that runs: $1"
    }
    zsh_runs "usb-permission (exit status 5" "fettle expl${tab}usb-perm${tab}"
    zsh_runs "sim:pyscan" "fettle li${tab}--bo${tab}sim:pysc${tab}"
    zsh_runs "my file.dfu" "fettle inf${tab}my${tab}"
else
    skip "zsh: the syntax, and completing" "zsh is not installed"
fi

# ---- fish ----

if command -v fish >/dev/null 2>&1; then
    fish -n script.fish >"$out" 2>"$err"
    ok $? "fish: the syntax"
    fish_says() { # WANTED LINE: without descriptions
        fish -c 'source script.fish; complete -C $argv[1]' "$2" 2>"$err" </dev/null | cut -f 1 | tr '\n' ' ' >"$out"
        [ "$(cat "$out")" = "$1${1:+ }" ] && [ ! -s "$err" ]
        ok $? "fish: \"$2\" is completed to: $1"
    }
    fish_says "update" "fettle up"
    fish_says "reset" "fettle --board sim:dfu rese"
    fish_says "app dfu rom" "fettle reset --to "
    fish_says "--to=dfu" "fettle reset --to=d"
    fish_says "--dry-run=offline" "fettle update --dry-run=off"
    fish_says "--board=sim:pytrack" "fettle list --board=sim:pyt"
    fish_says "--wait --watch" "fettle list --wa"
    fish_says "usb-permission" "fettle explain usb-perm"
    fish_says "sim" "fettle help si"
    fish_says "zsh" "fettle completions z"
    fish_says "my file.dfu" "fettle update my"
    fish_says "my file.dfu" "fettle update -q -- my"
    fish_says "folder/" "fettle list --state-dir fo"
    fish_says "" "fettle update one.dfu my"
    fish_says "" "fettle list my"
else
    skip "fish: the syntax, and completing" "fish is not installed"
fi
finish
