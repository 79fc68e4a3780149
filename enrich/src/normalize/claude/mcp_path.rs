//! By which of the agent's paths a call to an MCP server goes.

/// What is known of a server; a client may leave each of them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct McpServer<'a> {
    /// What the user calls it.
    pub(crate) name: Option<&'a str>,
    /// Where it was configured, such as `claudeai`.
    pub(crate) scope: Option<&'a str>,
    /// How it is reached, such as `stdio`.
    pub(crate) transport: Option<&'a str>,
}

impl<'a> McpServer<'a> {
    /// A server of which the name alone is known.
    pub(crate) fn named(name: &'a str) -> Self {
        Self {
            name: Some(name),
            ..Self::default()
        }
    }
}

/// Words of the names of servers that drive a browser: Playwright's and Puppeteer's own, browser-use,
/// Browser MCP, Browserbase (Stagehand), Chrome `DevTools`, Selenium and what `WebDriver` speaks,
/// Camoufox, Skyvern, Steel, Hyperbrowser, Kapture. A name of two words is written without what
/// stands between them.
const BROWSER_WORDS: [&str; 21] = [
    "playwright",
    "puppeteer",
    "browseruse",
    "browsermcp",
    "mcpbrowser",
    "browserbase",
    "browsertools",
    "browserautomation",
    "browsercontrol",
    "browserless",
    "stagehand",
    "chromedevtools",
    "selenium",
    "webdriver",
    "camoufox",
    "skyvern",
    "hyperbrowser",
    "kapture",
    "firefox",
    "safari",
    "chromium",
];

/// What the tools of these servers begin with, before a word for what they do.
const BROWSER_PREFIXES: [&str; 7] = [
    "browser_",
    "puppeteer_",
    "playwright_",
    "browserbase_",
    "stagehand_",
    "selenium_",
    "webdriver_",
];

/// What is done in a browser. A name that merely begins with `browser_` may be a file browser's.
const BROWSER_VERBS: [&str; 33] = [
    "navigate",
    "goto",
    "go",
    "open",
    "click",
    "hover",
    "type",
    "fill",
    "press",
    "select",
    "drag",
    "drop",
    "scroll",
    "snapshot",
    "screenshot",
    "take",
    "evaluate",
    "run",
    "execute",
    "tab",
    "tabs",
    "new",
    "switch",
    "close",
    "wait",
    "handle",
    "file",
    "upload",
    "pdf",
    "console",
    "network",
    "get",
    "act",
];

/// Tools of Chrome `DevTools`' own server, whatever that is called: no other tool has these names.
const BROWSER_TOOLS: [&str; 5] = [
    "navigate_page",
    "new_page",
    "list_pages",
    "close_page",
    "evaluate_script",
];

/// The path of a call to an MCP server, by what the server is called and by what the tool is; none
/// where neither tells.
///
/// Whoever drives another browser than the one with the extension goes by `browser`.
pub(crate) fn mcp_path(server: McpServer<'_>, tool: Option<&str>) -> Option<&'static str> {
    let name = server.name.unwrap_or_default().to_ascii_lowercase();
    if matches!(name.as_str(), "computer-use" | "computer_use") {
        return Some("computer_use");
    }
    if drives_a_browser(&name) || tool.is_some_and(is_of_a_browser) {
        return Some("browser");
    }
    if name.contains("chrome") {
        return Some("chrome_bridge");
    }
    match (server.scope, server.transport) {
        (Some("claudeai"), _) | (_, Some("claudeai-proxy" | "http" | "sse" | "ws")) => {
            Some("remote_connector")
        }
        (_, Some("stdio")) => Some("local_mcp"),
        _ => None,
    }
}

/// Whether a server is called, in small letters, as one that drives a browser.
fn drives_a_browser(name: &str) -> bool {
    let words = || {
        name.split(|next: char| !next.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
    };
    let pairs = words().zip(words().skip(1));
    let mut pairs = pairs.map(|(one, other)| format!("{one}{other}"));
    name == "browser"
        || words().any(|word| BROWSER_WORDS.contains(&word))
        || pairs.any(|pair| BROWSER_WORDS.contains(&pair.as_str()))
}

/// Whether a tool does something in a browser.
fn is_of_a_browser(tool: &str) -> bool {
    let tool = tool.to_ascii_lowercase();
    let rest = BROWSER_PREFIXES
        .iter()
        .find_map(|prefix| tool.strip_prefix(prefix));
    let verb = rest.and_then(|rest| rest.split('_').next());
    verb.is_some_and(|verb| BROWSER_VERBS.contains(&verb)) || BROWSER_TOOLS.contains(&tool.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str, tool: &str) -> Option<&'static str> {
        mcp_path(McpServer::named(name), Some(tool))
    }

    #[test]
    fn the_path_of_a_server_is_told_only_where_the_record_tells_it() {
        let server = |name, scope, transport| McpServer {
            name: Some(name),
            scope,
            transport,
        };
        for (server, expected) in [
            (server("crm", Some("dynamic"), None), None),
            (server("crm", None, Some("stdio")), Some("local_mcp")),
            (
                server("x", Some("claudeai"), None),
                Some("remote_connector"),
            ),
            (
                server("computer-use", None, Some("stdio")),
                Some("computer_use"),
            ),
            (
                server("Claude_in_Chrome", None, None),
                Some("chrome_bridge"),
            ),
            (server("playwright", None, Some("stdio")), Some("browser")),
        ] {
            assert_eq!(mcp_path(server, None), expected, "{server:?}");
        }
        assert_eq!(mcp_path(McpServer::default(), None), None);
    }

    #[test]
    fn servers_that_drive_a_browser_are_known_by_name() {
        for name in [
            "playwright",
            "Playwright-MCP",
            "microsoft_playwright",
            "puppeteer",
            "browser",
            "browser-use",
            "browser_mcp",
            "BrowserMCP",
            "browserbase",
            "chrome-devtools",
            "plugin:web:playwright",
            "selenium-webdriver",
        ] {
            assert_eq!(path(name, "x"), Some("browser"), "{name}");
        }
        for name in [
            "file-browser",
            "db-browser",
            "s3 browser",
            "browserslist",
            "crm",
            "",
        ] {
            assert_eq!(path(name, "x"), None, "{name}");
        }
    }

    #[test]
    fn a_server_of_any_name_is_known_by_its_tools() {
        for tool in [
            "browser_navigate",
            "browser_click",
            "browser_take_screenshot",
            "browser_file_upload",
            "puppeteer_navigate",
            "puppeteer_evaluate",
            "playwright_fill",
            "stagehand_act",
            "navigate_page",
            "evaluate_script",
        ] {
            assert_eq!(path("web", tool), Some("browser"), "{tool}");
        }
        for tool in [
            "navigate",
            "browser",
            "browser_",
            "browser_versions_supported",
            "lookup_customer",
            "",
        ] {
            assert_eq!(path("web", tool), None, "{tool}");
        }
    }
}
