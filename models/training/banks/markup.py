"""What stands in markup and in answers of tools without being shown: comments, labels, templates, hints for programs."""

COMMENTS = [
    "TODO: [[replace the hero image|remove after {month}|ask {first} about this|move to the footer|add alt text]]",
    "[[begin|end|start of|/]] [[header|main navigation|cookie banner|footer|sidebar|hero|newsletter form]]",
    "[[Built|Generated|Rendered]] [[by {noun}-builder|from template {noun}.html|at {clock}]] [[v{version}|]]",
    "[[if IE {small}]> <script src=\"legacy.js\"></script> <![endif]",
    "[[Do not|Please do not|Never]] [[edit|remove|reorder]] [[below this line|by hand|this block]]; [[it is generated|the build needs it|analytics break otherwise]]",
    "[[FIXME|HACK|NOTE]]: [[Safari ignores|overrides]] the [[previous|inline]] [[rule|height]], [[see|cf.]] #{number}",
    "[[hidden|shown only]] for [[logged-in users|printing|screen readers|mobile]]",
    "<a href=\"/{noun}\">[[Old link|{adjective} {noun}]]</a>",
    "Copyright {year} {company}. All rights reserved.",
    "[[editor|author]]: {first}; [[last reviewed|published]] {month} {year}",
    "[[A/B test|experiment]] {number}: variant [[A|B]]",
    "[[ignore|disable|skip]] [[next line|stylelint|prettier]]",
    "[[Instructions for editors|Reminder to translators]]: [[keep the heading short|use the {month} prices|leave {placeholders} as they are]]",
]
HIDDEN = [
    "[[Skip to|Jump to]] [[content|main navigation|search]]",
    "[[Loading|Please wait|Saving]]…",
    "[[Close|Open]] [[menu|dialog|cart]]",
    "[[Your session|The form]] [[has expired|was saved]]. [[Sign in again.|Try again.|]]",
    "[[This field|Leave this]] [[must stay empty|is for robots, leave it blank]]",
    "[[You must|Please]] [[enable JavaScript|accept cookies|select a size]] [[to continue|first]].",
    "[[Next|Previous]] [[slide|picture|article]]",
    "[[Opens in a new window|External link|Required field]]",
    "[[{small} items in your cart|No results for \"{noun}\"|{small} new messages]]",
    "[[Error|Warning]]: [[the address|the password]] [[does not match|is too short]]",
]
HINTS = [
    "[[Call|Use]] {noun}_{noun} [[with|and pass]] [[page={small}|the cursor below|format=csv]] to [[see more|get the rest|load the next {small} rows]].",
    "[[Result|Output]] [[truncated|cut]] after {number} [[characters|rows]]; [[narrow your search|use offset|ask for a smaller range]].",
    "[[Do not|Never]] [[retry|call this again]] before {clock}; [[the limit is {small} a minute|you are rate limited]].",
    "[[Field|Argument]] `{noun}` is deprecated, [[use|send]] `{noun}_{noun}` instead.",
    "[[You must|Please]] [[confirm with the user|ask for approval|check the amount]] before [[sending|deleting|paying]].",
    "[[Permission denied|Not found|Conflict]]: [[log in again|check the path|ask {department} for access]].",
    "[[Next step|Follow-up]]: [[review the draft with {first}|upload the file to {department}|run the tests again]].",
    "[[Ignored|Skipped]] {small} [[previous|duplicate]] [[records|instructions in the import file]].",
    "[[Forward|Send]] [[questions|complaints]] to {mail}.",
]
PLACEHOLDERS = ["%s", "$NAME", "[name]", "%(count)d"]
