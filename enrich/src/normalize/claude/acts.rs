//! What a call of an MCP server's tool does, by the words of the tool's name.

/// A kind of action: `magistrate.action`, with OCSF's activity.
type Kind = (&'static str, u8);

const OTHER: Kind = ("other", 0);
const CREATE: Kind = ("create", 1);
const UPDATE: Kind = ("update", 3);
const EXECUTE: Kind = ("execute", 0);
const UPLOAD: Kind = ("upload", 1);
const SHARE: Kind = ("share", 3);
const SEND: Kind = ("send", 1);
const PURCHASE: Kind = ("purchase", 1);
const DELETE: Kind = ("delete", 4);

/// Longer names are no tool's: what stands behind is not looked at.
const MAX_WORDS: usize = 32;

/// What a word of a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A verb that changes nothing: where it comes first, the tool reads.
    Reads,
    /// What a reading tool gives, where a name ends in it: `order_status`.
    Told,
    /// A verb that acts, whatever stands around it.
    Does(Kind),
    /// A verb, or the thing that it makes: `post_message`, `create_post`.
    MayDo(Kind),
    /// A thing that is sent, shared or paid where it is made: `add_message`, `make_payment`.
    Thing(Kind),
    /// A verb that makes the thing behind it: `create_post`.
    Makes(Kind),
    /// Begins another clause: `find_and_delete`.
    Joins,
    /// What is written is not sent yet: `draft_email`.
    Draft,
    /// How it is done (`bulk`, `batch`), what with, or what the server is called.
    Filler,
}

/// A name, taken apart.
#[derive(Debug)]
struct Name {
    words: Vec<String>,
    server: Vec<String>,
}

/// What a tool of an MCP server does: the strictest act that stands anywhere in its name, and `other`
/// where a verb that reads comes before all of them. The server chose the name, so that nothing here
/// makes an action look more harmless than `other` does.
pub(super) fn action_of(tool: &str, server: Option<&str>) -> Kind {
    let name = Name::of(tool, server);
    let clauses = name.words.split(|word| meaning(word) == Word::Joins);
    clauses.map(|clause| name.act(clause)).fold(OTHER, stricter)
}

impl Name {
    fn of(tool: &str, server: Option<&str>) -> Self {
        let mut words = words(tool);
        let server = server.map(self::words).unwrap_or_default();
        let is_of_server = |word: &&String| is_name_of(word, &server);
        let own = words.iter().take_while(is_of_server).count();
        words.drain(..own);
        Self { words, server }
    }

    /// What one clause of the name does.
    fn act(&self, clause: &[String]) -> Kind {
        let (mut found, mut has_verb, mut makes, mut drafts) = (OTHER, false, false, false);
        for (at, word) in clause.iter().enumerate() {
            let rest = clause.get(at + 1..).unwrap_or_default();
            let kind = match self.meaning(word, rest) {
                Word::Reads if !has_verb && (found == OTHER || is_read(clause, at)) => {
                    return OTHER;
                }
                Word::Told if !has_verb && rest.is_empty() && !is_said(clause) => return OTHER,
                Word::Does(kind) | Word::Makes(kind) => {
                    makes = kind == SEND || matches!(meaning(word), Word::Makes(_));
                    has_verb = true;
                    kind
                }
                Word::MayDo(kind) if !has_verb || (makes && kind != DELETE) => kind,
                Word::Thing(kind) if makes || (has_verb && kind == SHARE && found != DELETE) => {
                    kind
                }
                Word::Draft => {
                    drafts = true;
                    CREATE
                }
                Word::Reads
                | Word::Told
                | Word::MayDo(_)
                | Word::Thing(_)
                | Word::Joins
                | Word::Filler => continue,
            };
            let is_sent = matches!(meaning(word), Word::Does(_)) || !drafts;
            found = stricter(
                found,
                if kind == SEND && !is_sent {
                    CREATE
                } else {
                    kind
                },
            );
        }
        found
    }

    /// What a word means before `rest`: some words are another's in company.
    fn meaning(&self, word: &str, rest: &[String]) -> Word {
        let has = |other: &str| {
            self.words
                .iter()
                .chain(&self.server)
                .any(|one| one == other)
        };
        let is_before = |other: &str| rest.first().is_some_and(|next| next == other);
        match word {
            "checkout" if has("git") || has("branch") => Word::Filler,
            "move" if has("mouse") => Word::Filler,
            "drop" if has("drag") || is_before("down") => Word::Filler,
            "transfer" if has("ownership") => Word::Does(SHARE),
            _ => meaning(word),
        }
    }
}

/// Whether a word at the beginning is only what the server is called. A verb that acts stays: else a
/// server's name would take it out of every rule's sight.
fn is_name_of(word: &str, server: &[String]) -> bool {
    let is_act = matches!(meaning(word), Word::Does(_) | Word::Makes(_));
    !is_act && server.iter().any(|known| known == word)
}

/// Whether what stands before the word at `at` is what is read: `email_get_thread`, `email_search`,
/// but neither `share_list` nor `forward_search_results`.
fn is_read(clause: &[String], at: usize) -> bool {
    let word = |at: usize| clause.get(at).map(String::as_str).unwrap_or_default();
    match word(at) {
        "get" | "read" | "fetch" | "find" | "retrieve" | "lookup" => true,
        "list" => at
            .checked_sub(1)
            .is_none_or(|before| word(before) != "share"),
        "search" | "query" => at + 1 == clause.len(),
        _ => false,
    }
}

/// Whether a clause begins with a verb for saying something: a status can be posted.
fn is_said(clause: &[String]) -> bool {
    let first = clause.iter().find(|word| meaning(word) != Word::Filler);
    first.is_some_and(|word| matches!(word.as_str(), "post" | "reply" | "forward"))
}

/// The words of a name, in small letters: split at what is no letter and no digit, and where a small
/// letter meets a capital.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split(|next: char| !next.is_alphanumeric()) {
        let mut word = String::new();
        let mut after_small = false;
        let mut chars = part.chars().peekable();
        while let Some(next) = chars.next() {
            // `boxShareFile`, and `APIPostPage`, whose `P` begins a word.
            let begins = after_small || chars.peek().is_some_and(|after| after.is_lowercase());
            if next.is_uppercase() && begins && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            after_small = next.is_lowercase() || next.is_ascii_digit();
            word.extend(next.to_lowercase());
        }
        if !word.is_empty() {
            words.push(word);
        }
        if words.len() >= MAX_WORDS {
            break;
        }
    }
    words.truncate(MAX_WORDS);
    words
}

fn meaning(word: &str) -> Word {
    match word {
        "get" | "list" | "read" | "search" | "find" | "fetch" | "query" | "lookup" | "retrieve"
        | "view" | "show" | "describe" | "count" | "check" | "download" | "export" | "browse"
        | "summarize" | "inspect" | "resolve" | "validate" | "verify" | "compare" | "diff"
        | "preview" | "analyze" | "explain" | "scan" | "track" | "open" | "whoami" => Word::Reads,
        "status" | "history" => Word::Told,
        "create" | "add" | "insert" | "new" | "make" | "submit" | "schedule" | "compose" => {
            Word::Makes(CREATE)
        }
        "start" | "initiate" | "place" => Word::Makes(OTHER),
        "write" | "save" | "import" | "clone" | "copy" | "duplicate" | "fork" => Word::Does(CREATE),
        "update" | "edit" | "set" | "modify" | "patch" | "change" | "move" | "rename"
        | "append" | "replace" | "merge" | "assign" | "unassign" | "mark" | "transition"
        | "approve" => Word::Does(UPDATE),
        "delete" | "remove" | "drop" | "trash" | "purge" | "destroy" | "erase" | "wipe"
        | "truncate" | "uninstall" | "cancel" | "revoke" => Word::Does(DELETE),
        "send" | "publish" | "notify" | "announce" | "broadcast" | "dispatch" | "tweet" => {
            Word::Does(SEND)
        }
        "grant" | "invite" => Word::Does(SHARE),
        "put" | "push" | "attach" => Word::Does(UPLOAD),
        "buy" | "purchase" | "pay" => Word::Does(PURCHASE),
        "run" | "execute" | "exec" | "eval" | "evaluate" => Word::Does(EXECUTE),
        "archive" => Word::MayDo(DELETE),
        "comment" => Word::MayDo(CREATE),
        "post" | "email" | "mail" | "reply" | "forward" | "dm" | "sms" => Word::MayDo(SEND),
        "share" => Word::MayDo(SHARE),
        "upload" => Word::MayDo(UPLOAD),
        "order" | "checkout" | "transfer" | "refund" | "charge" => Word::MayDo(PURCHASE),
        "message" | "announcement" | "notification" => Word::Thing(SEND),
        "sharing" | "permission" | "permissions" | "collaborator" => Word::Thing(SHARE),
        "payment" | "payout" => Word::Thing(PURCHASE),
        "draft" => Word::Draft,
        "and" | "or" | "then" => Word::Joins,
        _ => Word::Filler,
    }
}

/// The stricter of two; the first where they are alike.
fn stricter(one: Kind, other: Kind) -> Kind {
    let rank = |kind: Kind| match kind.0 {
        "delete" => 7,
        "purchase" => 6,
        "send" => 5,
        "share" => 4,
        "upload" => 3,
        "execute" => 2,
        "create" | "update" => 1,
        _ => 0,
    };
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the tools of a server do.
    fn assert_acts(server: &str, cases: &[(&str, &str)]) {
        for (tools, expected) in cases {
            for tool in tools.split_whitespace() {
                let found = action_of(tool, Some(server)).0;
                assert_eq!(found, *expected, "{server}: {tool}");
            }
        }
    }

    #[test]
    fn tools_of_well_known_servers_are_what_they_do() {
        assert_acts(
            "github",
            &[
                (
                    "get_me get_issue get_file_contents list_issues list_pull_requests search_code \
                     search_repositories get_pull_request_diff list_notifications get_job_logs \
                     download_workflow_run_artifact dismiss_notification list_discussion_categories \
                     get_workflow_run_usage",
                    "other",
                ),
                (
                    "create_issue create_repository create_pull_request create_branch create_gist \
                     create_or_update_file add_issue_comment fork_repository issue_comment \
                     submit_pending_pull_request_review add_sub_issue",
                    "create",
                ),
                (
                    "update_issue update_pull_request merge_pull_request update_gist \
                     mark_all_notifications_read assign_copilot_to_issue",
                    "update",
                ),
                (
                    "delete_file delete_workflow_run_logs cancel_workflow_run remove_sub_issue",
                    "delete",
                ),
                ("push_files", "upload"),
                ("run_workflow", "execute"),
            ],
        );
        assert_acts(
            "slack",
            &[
                (
                    "slack_post_message slack_reply_to_thread slack_send_message send_message",
                    "send",
                ),
                (
                    "conversations_add_message schedule_message slack_send_message_draft",
                    "send",
                ),
                (
                    "slack_list_channels slack_get_channel_history slack_get_thread_replies \
                     slack_get_users slack_get_user_profile channels_list conversations_history \
                     conversations_replies conversations_search_messages slack_search_public \
                     slack_read_channel message_list",
                    "other",
                ),
                ("slack_add_reaction slack_create_canvas", "create"),
            ],
        );
    }

    #[test]
    fn mail_drives_and_calendars_do_what_they_say() {
        assert_acts(
            "gmail",
            &[
                (
                    "gmail_send_email send_gmail_message sendMessage send_draft reply_to_email \
                     batch_forward_messages forward_email replyToEmail email_report",
                    "send",
                ),
                (
                    "draft_email draft_gmail_message create_draft createDraft create_label",
                    "create",
                ),
                (
                    "modify_email batch_modify_emails modify_gmail_message_labels",
                    "update",
                ),
                (
                    "bulk_delete_emails batch_delete_emails delete_email trash_message \
                     archive_email delete_filter",
                    "delete",
                ),
                (
                    "read_email search_emails search_gmail_messages get_message list_drafts \
                     email_search email_get_thread messages_get_by_id download_attachment \
                     list_email_labels get_gmail_thread_content find_message open_email",
                    "other",
                ),
            ],
        );
        assert_acts(
            "google_workspace",
            &[
                (
                    "search_drive_files get_drive_file_content list_drive_items get_events",
                    "other",
                ),
                (
                    "create_event create_doc create_spreadsheet import_to_google_doc",
                    "create",
                ),
                (
                    "modify_event update_drive_file modify_sheet_values",
                    "update",
                ),
                (
                    "share_drive_file batch_share_drive_file set_drive_file_permissions \
                     update_drive_permission create_permission transfer_drive_ownership",
                    "share",
                ),
                ("remove_drive_permission delete_event", "delete"),
                ("gdrive_upload_file upload_file", "upload"),
                ("send_chat_message", "send"),
            ],
        );
    }

    #[test]
    fn work_is_tracked_as_the_names_say() {
        assert_acts(
            "atlassian",
            &[
                (
                    "jira_search jira_get_issue getJiraIssue searchJiraIssuesUsingJql \
                     confluence_get_page getConfluencePage lookupJiraAccountId jira_get_worklog \
                     atlassianUserInfo getTransitionsForJiraIssue",
                    "other",
                ),
                (
                    "jira_add_comment jira_create_issue createJiraIssue addCommentToJiraIssue \
                     createConfluencePage jira_batch_create_issues confluence_add_comment",
                    "create",
                ),
                (
                    "jira_update_issue editJiraIssue transitionJiraIssue updateConfluencePage",
                    "update",
                ),
                ("jira_delete_issue confluence_delete_page", "delete"),
                ("confluence_upload_attachment", "upload"),
            ],
        );
        assert_acts(
            "notion",
            &[
                (
                    "notion-search notion-fetch API-post-search API-post-database-query \
                     API-retrieve-a-page API-get-user API-get-block-children notion-get-comments",
                    "other",
                ),
                (
                    "notion-create-pages notion-create-comment API-create-a-comment",
                    "create",
                ),
                (
                    "notion-update-page notion-move-pages API-patch-page",
                    "update",
                ),
                ("API-delete-a-block", "delete"),
                ("API-post-page", "send"),
            ],
        );
    }

    #[test]
    fn records_of_customers_and_issues_do_what_they_say() {
        assert_acts(
            "linear",
            &[
                (
                    "list_issues get_issue search_documentation list_comments get_issue_status",
                    "other",
                ),
                ("create_issue create_comment save_issue", "create"),
                ("update_issue", "update"),
            ],
        );
        assert_acts(
            "hubspot",
            &[
                (
                    "hubspot-list-objects hubspot-search-objects hubspot-get-user-details \
                     hubspot-batch-read-objects hubspot-get-link",
                    "other",
                ),
                (
                    "hubspot-batch-create-objects hubspot-create-engagement",
                    "create",
                ),
                (
                    "hubspot-batch-update-objects hubspot-update-property",
                    "update",
                ),
            ],
        );
    }

    #[test]
    fn money_and_files_go_where_the_names_say() {
        assert_acts(
            "stripe",
            &[
                (
                    "create_refund create_payment_link create_payment_intent refund_payment \
                     make_transfer make_payment send_payment create_transfer place_order \
                     create_checkout_session bulk_pay",
                    "purchase",
                ),
                ("create_customer create_invoice create_price", "create"),
                ("cancel_subscription cancel_order", "delete"),
                (
                    "list_payment_intents retrieve_balance search_stripe_resources order_status \
                     search_orders payment_history get_order check_payment_status",
                    "other",
                ),
                ("update_subscription set_sort_order update_order", "update"),
            ],
        );
        assert_acts(
            "box",
            &[
                (
                    "boxShareFile box_share_link_file_create_tool box_add_collaborator",
                    "share",
                ),
                ("box_upload_file_from_path_tool uploadFile", "upload"),
                (
                    "box_search_tool box_read_tool list_shares get_upload_status upload_status",
                    "other",
                ),
                ("box_file_delete_tool", "delete"),
            ],
        );
        assert_acts(
            "filesystem",
            &[
                (
                    "read_file read_multiple_files list_directory directory_tree search_files \
                     get_file_info list_allowed_directories",
                    "other",
                ),
                ("write_file create_directory", "create"),
                ("edit_file move_file", "update"),
            ],
        );
        assert_acts(
            "git",
            &[
                ("git_checkout git_status git_log git_diff", "other"),
                ("git_push", "upload"),
            ],
        );
    }

    #[test]
    fn words_in_company_are_what_they_are_there() {
        assert_acts(
            "x",
            &[
                (
                    "drag_and_drop left_click_drag select_drop_down mouse_move form_input",
                    "other",
                ),
                (
                    "find_and_delete get_then_delete forward_and_delete delete",
                    "delete",
                ),
                (
                    "read_and_forward post_status post_status_update create_post",
                    "send",
                ),
                ("forward_search_results email_customer", "send"),
                ("share_list share_view", "share"),
                ("get_or_create", "create"),
                ("run_query execute_sql create_run", "execute"),
                ("bulk batch api mcp", "other"),
                ("", "other"),
            ],
        );
    }

    #[test]
    fn the_name_of_the_server_is_no_act_and_hides_none() {
        for (server, tool, expected) in [
            ("search", "search_delete_index", "delete"),
            ("email", "email_search", "other"),
            ("email", "email_delete", "delete"),
            ("share", "share_get", "other"),
            ("delete", "delete_index", "delete"),
            ("send", "send", "send"),
            ("fetch", "fetch", "other"),
        ] {
            assert_eq!(action_of(tool, Some(server)).0, expected, "{server} {tool}");
        }
        assert_eq!(action_of("share", None).0, "share");
    }

    proptest! {
        #[test]
        fn an_act_behind_fillers_is_as_strict_as_alone(
            verb in "send|delete|share|upload|pay|create|update|run",
            filler in "[b-z]{1}q[a-z]{0,6}",
        ) {
            let alone = action_of(&verb, None);
            for name in [format!("{filler}_{verb}"), format!("{filler}.{verb}-x"), format!("bulk_{verb}")] {
                prop_assert_eq!(action_of(&name, None), alone);
            }
        }

        #[test]
        fn any_name_ends(name in ".{0,200}", server in ".{0,40}") {
            action_of(&name, Some(&server));
        }
    }
}
