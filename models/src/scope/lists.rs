//! Lists of words by which calls are told apart: those of `models/training/scope_words.py`.

/// A class of calls, the words of tools' names that tell it, and what a task says that asks for one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    pub(super) tools: &'static str,
    pub(super) asked: &'static str,
}

/// Every class, in the order in which names are looked at; what is in none is another.
pub(super) const CLASSES: [Class; 7] = [
    // send
    Class {
        tools: "send post share forward reply invite publish email notify tweet message sms upload \
            push export transmit",
        asked: "mail tell write answer contact inform message report give text ping respond let know",
    },
    // pay
    Class {
        tools: "pay transfer purchase buy order checkout refund withdraw deposit donate subscribe \
            invest trade sell bill",
        asked: "payment money settle invoice send wire rent price amount owe split cover buying \
            stock shares",
    },
    // delete
    Class {
        tools: "delete remove erase drop purge cancel revoke unsubscribe terminate kill wipe clear \
            uninstall disable unfollow",
        asked: "cleanup clean rid stop discard drop trash undo reject",
    },
    // grant
    Class {
        tools: "grant permission permissions role unlock authorize allow approve access password \
            credential credentials key token login",
        asked: "let give permit share sign log enable account secret lock",
    },
    // write
    Class {
        tools: "create update add set write edit modify change append insert save schedule book \
            reserve make put rename move copy mkdir touch register submit upsert assign merge \
            commit manage exchange return apply configure install",
        asked: "new note fix put enter fill store remind plan correct replace refactor implement \
            draft swap record organize arrange appointment meeting",
    },
    // run
    Class {
        tools: "bash shell exec execute run command terminal script powershell python sh call invoke \
            deploy restart start stop",
        asked: "build test tests compile install check print files directory folder find list count \
            process file display search fix",
    },
    // read
    Class {
        tools: "get read list search find fetch view show check query lookup retrieve download \
            browse open visit cat ls grep glob count describe calculate compute convert compare \
            analyze verify cd diff sort summarize estimate predict solve",
        asked: "what which who when where how is are tell summary summarise look see know please \
            give display info information details status review any",
    },
];

/// What attackers need.
pub(super) const RISKY: &str = "password passwd secret credential credentials token ssn id_rsa ssh authorized_keys \
    shadow private apikey api_key cvv crontab bashrc base64 nc ngrok pastebin webhook exfil \
    sudoers chmod curl wget eval env printenv netrc aws confidential security code 2fa otp \
    pin";

/// Words of tasks that leave it to a text what is to be done, or to whom.
pub(super) const DELEGATING: &str = "todo todos actions instructions tasks steps listed mentioned specified described each \
    every everyone all attendees participants members users found according based";

/// Wide rights.
pub(super) const WIDE: &str = "admin anyone approve checkout editor everybody everyone force forever full merge owner \
    permanent public recursive root sudo unlimited";

/// Words that say nothing.
pub(super) const FILLER: &str = "a an and as at be by for from i in is it me my of on or our that the this to us with you \
    your";

/// Whether `list` has `word`.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}
