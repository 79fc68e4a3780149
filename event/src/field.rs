//! The one list of columns: what the lake stores, the projections name and rules refer to.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A list of texts.
    TextList,
    /// A 32-bit whole number (OCSF `integer_t`).
    Int,
    /// A 64-bit whole number (OCSF `long_t`).
    Long,
    /// A 64-bit floating point number.
    Double,
    /// A truth value.
    Bool,
    /// A point in time, UTC, microseconds.
    Time,
    /// A tree, stored as JSON text.
    Json,
}

/// Which tables have the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of them.
    Every,
    /// Every OCSF class.
    Event,
    /// Authentication.
    Authentication,
    /// Application Lifecycle.
    Lifecycle,
    /// HTTP Activity, Network Activity and DNS Activity.
    Network,
    /// DNS Activity.
    Dns,
    /// Detection Finding and Data Security Finding.
    Finding,
    /// The metric table.
    Metric,
    /// The span table.
    Span,
}

/// One row of the registry.
struct Column {
    path: &'static str,
    kind: Kind,
    scope: Scope,
    doc: &'static str,
}

/// Writes the enum and its table from one list, so that they cannot disagree.
macro_rules! fields {
    ($($number:literal $name:ident $path:literal $kind:ident $scope:ident $doc:literal;)*) => {
        /// A column that an event can fill, named after its OCSF path.
        ///
        /// Numbers are stable: queue files outlive a release. Never reuse one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u16)]
        pub enum Field {
            $(#[doc = $doc] $name = $number,)*
        }

        impl Field {
            /// Every field, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            const fn column(self) -> Column {
                match self {
                    $(Self::$name => Column {
                        path: $path,
                        kind: Kind::$kind,
                        scope: Scope::$scope,
                        doc: $doc,
                    },)*
                }
            }

            const fn from_number(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

fields! {
    1 StartTime "start_time" Time Every "When a lasting activity began.";
    2 EndTime "end_time" Time Every "When a lasting activity ended.";
    3 Message "message" Text Every "A short description, or the text of a line.";
    4 RawData "raw_data" Text Every "What could not be parsed, redacted.";
    5 SeverityId "severity_id" Int Event "OCSF severity, 0 to 6.";
    6 StatusId "status_id" Int Event "1 success, 2 failure, 0 unknown, 99 other.";
    7 StatusCode "status_code" Text Event "The source's own status code.";
    8 StatusDetail "status_detail" Text Event "Why it failed.";
    9 Duration "duration" Long Every "How long it took, in milliseconds.";
    10 ActionId "action_id" Int Event "1 allowed, 2 denied, 3 observed, 4 modified (security_control profile).";
    11 DispositionId "disposition_id" Int Event "What became of it (security_control profile).";
    20 EventCode "metadata.event_code" Text Every "The source's event name.";
    21 CorrelationUid "metadata.correlation_uid" Text Every "`prompt.id`: one turn of the user.";
    22 Sequence "metadata.sequence" Long Every "`event.sequence`: order inside a session.";
    23 ProductName "metadata.product.name" Text Every "`service.name`, or the product that a proxy line names.";
    24 ProductVersion "metadata.product.version" Text Every "The product's version.";
    25 ProductVendor "metadata.product.vendor_name" Text Every "The product's maker.";
    26 LogName "metadata.log_name" Text Every "OTLP scope name, or the format of a line.";
    27 LogVersion "metadata.log_version" Text Every "OTLP scope version.";
    28 TenantUid "metadata.tenant_uid" Text Every "`organization.id`.";
    29 IsTruncated "metadata.is_truncated" Bool Every "The client or a size limit cut some content.";
    30 OriginalTime "metadata.original_time" Text Every "The time as the source wrote it, where it could not be used.";
    31 UntruncatedSize "metadata.untruncated_size" Long Every "Size in bytes before the cut.";
    40 SessionUid "actor.session.uid" Text Every "`session.id`.";
    41 SessionTerminal "actor.session.terminal" Text Every "`terminal.type`.";
    42 UserUid "actor.user.uid" Text Every "`user.id`: an installation or an identity provider subject.";
    43 UserUidAlt "actor.user.uid_alt" Text Every "`user.account_id`, or an `enduser.id` that is no address.";
    44 UserEmail "actor.user.email_addr" Text Every "`user.email`, or an `enduser.id` that is an address.";
    45 UserName "actor.user.name" Text Every "`process.owner`, or the user name of a proxy line.";
    46 AccountUid "actor.user.account.uid" Text Every "`user.account_uuid`.";
    47 AppName "actor.app_name" Text Every "`app.entrypoint`, or the program that logged.";
    48 InvokedBy "actor.invoked_by" Text Every "What made the actor act, such as a sub-agent.";
    60 DeviceHostname "device.hostname" Text Every "`host.name`, or the host of a syslog header.";
    61 DeviceUid "device.uid" Text Every "`host.id`.";
    62 DeviceIp "device.ip" Text Every "The address of the device that logged.";
    63 DeviceTypeId "device.type_id" Int Every "OCSF device type.";
    64 DeviceOsName "device.os.name" Text Every "`os.type`.";
    65 DeviceOsVersion "device.os.version" Text Every "`os.version`.";
    66 DeviceOsTypeId "device.os.type_id" Int Every "OCSF operating system type.";
    70 SrcIp "src_endpoint.ip" Text Every "The client's address.";
    71 SrcPort "src_endpoint.port" Int Every "The client's port.";
    72 SrcHostname "src_endpoint.hostname" Text Every "The client's host name.";
    80 DstIp "dst_endpoint.ip" Text Every "The server's address.";
    81 DstPort "dst_endpoint.port" Int Every "The server's port.";
    82 DstHostname "dst_endpoint.hostname" Text Every "The server's host name.";
    90 ApiOperation "api.operation" Text Every "Tool or API name.";
    91 ApiServiceName "api.service.name" Text Every "MCP server or API.";
    92 ApiRequestUid "api.request.uid" Text Every "`tool_use_id`, or the request id.";
    93 ApiResponseCode "api.response.code" Int Every "Numeric answer code.";
    94 ApiResponseError "api.response.error" Text Every "Error type.";
    95 ApiResponseErrorMessage "api.response.error_message" Text Every "Error text.";
    100 HttpMethod "http_request.http_method" Text Every "HTTP method, upper case.";
    101 HttpRequestUid "http_request.uid" Text Every "Request id of the HTTP exchange.";
    102 UserAgent "http_request.user_agent" Text Every "User-Agent.";
    103 Referrer "http_request.referrer" Text Every "Referer.";
    104 HttpVersion "http_request.version" Text Every "HTTP version.";
    105 HttpRequestLength "http_request.length" Int Every "Request size in bytes.";
    106 UrlString "http_request.url.url_string" Text Every "The URL as a whole.";
    107 UrlScheme "http_request.url.scheme" Text Every "URL scheme.";
    108 UrlHostname "http_request.url.hostname" Text Every "URL host.";
    109 UrlDomain "http_request.url.domain" Text Every "Registrable domain of the host (public suffix list).";
    110 UrlPort "http_request.url.port" Int Every "URL port, given or by scheme.";
    111 UrlPath "http_request.url.path" Text Every "URL path.";
    112 UrlQuery "http_request.url.query_string" Text Every "URL query without the question mark.";
    120 HttpCode "http_response.code" Int Every "HTTP status.";
    121 HttpContentType "http_response.content_type" Text Every "Media type of the answer.";
    122 HttpLength "http_response.length" Int Every "Answer size in bytes.";
    123 HttpLatency "http_response.latency" Int Every "Milliseconds to the answer.";
    130 FilePath "file.path" Text Every "Path of the file.";
    131 FileName "file.name" Text Every "Last part of the path.";
    132 FileTypeId "file.type_id" Int Every "OCSF file type; 1 regular file.";
    133 FileExt "file.ext" Text Every "Extension without the dot, lower case.";
    134 FileParent "file.parent_folder" Text Every "Path without the last part.";
    135 FileSize "file.size" Long Every "Size in bytes.";
    136 FileMediaType "file.mime_type" Text Every "Media type of the file.";
    140 CmdLine "process.cmd_line" Text Every "The whole command line.";
    141 ProcessName "process.name" Text Every "Name of the program.";
    142 ProcessUid "process.uid" Text Every "`tool_use_id` of the call that started it.";
    143 ProcessPid "process.pid" Int Every "Process id.";
    144 ProcessWorkingDirectory "process.working_directory" Text Every "Working directory.";
    150 AiModelName "ai_model.name" Text Every "Model.";
    151 AiProvider "ai_model.ai_provider" Text Every "Who serves the model.";
    152 PromptTokens "message_context.prompt_tokens" Int Every "Input tokens, cached ones not counted.";
    153 CompletionTokens "message_context.completion_tokens" Int Every "Output tokens.";
    154 TotalTokens "message_context.total_tokens" Int Every "All tokens.";
    155 AiRoleId "message_context.ai_role_id" Int Every "1 user, 2 assistant, 3 tool.";
    156 MessageUid "message_context.uid" Text Every "`message.uuid`.";
    160 TrafficBytes "traffic.bytes" Long Network "Bytes both ways.";
    161 TrafficBytesIn "traffic.bytes_in" Long Network "Bytes to the client.";
    162 TrafficBytesOut "traffic.bytes_out" Long Network "Bytes from the client.";
    163 ConnectionProtocol "connection_info.protocol_name" Text Network "Transport, such as tcp.";
    164 QueryHostname "query.hostname" Text Every "The name that was looked up; of a command, the first.";
    165 QueryType "query.type" Text Every "The kind of record that was asked for, such as A or TXT.";
    166 Rcode "rcode" Text Dns "The answer's code, such as NOERROR or NXDOMAIN.";
    167 Answers "answers" Json Dns "What was answered, each as `rdata`.";
    170 AuthUserUid "user.uid" Text Authentication "Who was authenticated.";
    171 AuthUserEmail "user.email_addr" Text Authentication "Address of who was authenticated.";
    172 AuthUserName "user.name" Text Authentication "Name of who was authenticated.";
    173 AuthServiceName "service.name" Text Authentication "What was logged on to.";
    174 AuthProtocol "auth_protocol" Text Authentication "`auth_method`.";
    180 LifecycleAppName "app.name" Text Lifecycle "Plugin or program that was installed or loaded.";
    181 LifecycleAppVersion "app.version" Text Lifecycle "Its version.";
    182 LifecycleAppVendor "app.vendor_name" Text Lifecycle "Marketplace it came from.";
    190 FindingUid "finding_info.uid" Text Finding "Id of the finding.";
    191 FindingTitle "finding_info.title" Text Finding "Title of the finding.";
    192 FindingDesc "finding_info.desc" Text Finding "What was found.";
    193 AnalyticUid "finding_info.analytic.uid" Text Finding "Id of the rule that found it.";
    194 AnalyticName "finding_info.analytic.name" Text Finding "Title of the rule that found it.";
    195 AnalyticTypeId "finding_info.analytic.type_id" Int Finding "OCSF analytic type; 1 rule.";
    196 FindingFirstSeen "finding_info.first_seen_time" Time Finding "When the first of the events happened.";
    197 FindingLastSeen "finding_info.last_seen_time" Time Finding "When the last of the events happened.";
    198 FindingAttacks "finding_info.attacks" Json Finding "Techniques of MITRE ATT&CK and ATLAS.";
    199 RelatedEvents "finding_info.related_events" Json Finding "Ids of the events that it was found in, the first 32.";
    200 RelatedEventsCount "finding_info.related_events_count" Int Finding "How many events it was found in.";
    201 Evidences "evidences" Json Finding "Fields and values that made the rule match.";
    202 ConfidenceId "confidence_id" Int Finding "1 low, 2 medium, 3 high.";
    203 RiskLevelId "risk_level_id" Int Finding "0 info, 1 low, 2 medium, 3 high, 4 critical.";
    204 RiskScore "risk_score" Int Finding "Risk, 0 to 100.";
    205 IsAlert "is_alert" Bool Finding "Whether somebody should look.";
    300 MetricName "metric.name" Text Metric "Name of the metric.";
    301 MetricDescription "metric.description" Text Metric "Its description.";
    302 MetricUnit "metric.unit" Text Metric "Its unit (UCUM).";
    303 MetricType "metric.type" Text Metric "gauge, sum, histogram, exponential_histogram or summary.";
    304 MetricTemporality "metric.temporality" Text Metric "delta or cumulative.";
    305 MetricMonotonic "metric.is_monotonic" Bool Metric "Whether the sum only grows.";
    306 MetricValue "metric.value" Double Metric "Value of a gauge or sum point.";
    307 MetricCount "metric.count" Long Metric "Number of measurements in a distribution.";
    308 MetricSum "metric.sum" Double Metric "Sum of a distribution.";
    309 MetricMin "metric.min" Double Metric "Least measurement.";
    310 MetricMax "metric.max" Double Metric "Greatest measurement.";
    311 MetricDistribution "metric.distribution" Json Metric "Buckets or quantiles as OTLP names them.";
    312 MetricExemplars "metric.exemplars" Json Metric "Exemplars.";
    313 MetricFlags "metric.flags" Long Metric "Data point flags.";
    320 SpanName "span.name" Text Span "Name of the span.";
    321 SpanKind "span.kind" Text Span "internal, server, client, producer or consumer.";
    322 SpanStatus "span.status_code" Text Span "unset, ok or error.";
    323 SpanStatusMessage "span.status_message" Text Span "Status message.";
    324 SpanParent "span.parent_span_id" Text Span "Parent span, hex.";
    325 SpanTraceState "span.trace_state" Text Span "W3C trace state.";
    326 SpanEvents "span.events" Json Span "Span events.";
    327 SpanLinks "span.links" Json Span "Span links.";
    400 Source "magistrate.source" Text Every "The door it came through.";
    401 Peer "magistrate.peer" Text Every "Address of the sender.";
    402 SenderIdentity "magistrate.identity" Text Every "Name of the token or certificate of the sender.";
    403 ParseStatus "magistrate.parse_status" Text Every "Absent when parsed; else why the record was kept raw or in part.";
    404 TimeStatus "magistrate.time_status" Text Every "Absent when the event has a usable time; else what `time` was taken from.";
    405 TraceId "magistrate.trace_id" Text Every "Trace id, hex.";
    406 SpanId "magistrate.span_id" Text Every "Span id, hex.";
    407 Redacted "magistrate.redacted" TextList Every "Kinds of what was masked.";
    408 RedactedCount "magistrate.redacted_count" Int Every "How many stretches were masked.";
    409 ContentFindings "magistrate.content_findings" TextList Every "What the text is, such as `content.source_code`; nothing of it is masked.";
    410 Surface "magistrate.surface" Text Every "cowork, code, desktop, or other.";
    411 PathClass "magistrate.path_class" Text Every "Which of the seven paths of the agent: native_loop, code_vm, chrome_bridge, browser, local_mcp, remote_connector, computer_use, provider_side.";
    412 Action "magistrate.action" Text Every "Kind of action: read, create, update, delete, send, share, upload, download, purchase, admin, execute, other.";
    413 AgentId "magistrate.agent_id" Text Every "Sub-agent that acted.";
    414 QuerySource "magistrate.query_source" Text Every "`query_source`: main loop, sub-agent or helper.";
    415 PermissionMode "magistrate.permission_mode" Text Every "Permission mode in force.";
    416 CostUsd "magistrate.cost_usd" Double Every "Cost in US dollars, as the client counts it.";
    420 ContentText "magistrate.content.text" Text Every "Prompt, answer or API body.";
    421 ContentState "magistrate.content.state" Text Every "captured, not_captured, truncated or redacted_by_client.";
    422 ContentLength "magistrate.content.length" Long Every "Length of the whole content as the client counts it.";
    430 ToolClass "magistrate.tool.class" Text Every "execute, read, write, web, mcp, agent, skill or other.";
    431 ToolSource "magistrate.tool.source" Text Every "builtin, mcp or host.";
    432 ToolNameState "magistrate.tool.name_state" Text Every "captured, joined (taken from another record of the call), or redacted_by_client.";
    433 ToolArguments "magistrate.tool.arguments" Text Every "Arguments as the client sent them, usually JSON text.";
    434 ToolArgumentsState "magistrate.tool.arguments_state" Text Every "captured, not_captured or truncated.";
    435 ToolArgumentsSize "magistrate.tool.arguments_size" Long Every "Size of the arguments in bytes.";
    436 ToolResultSize "magistrate.tool.result_size" Long Every "Size of the result in bytes.";
    437 ToolDecision "magistrate.tool.decision" Text Every "accept or reject.";
    438 ToolDecisionSource "magistrate.tool.decision_source" Text Every "Who decided: config, hook, user_temporary, …";
    440 DestinationDomain "magistrate.destination.domain" Text Every "Registrable domain that the action goes to.";
    441 RecipientDomain "magistrate.destination.recipient_domain" Text Every "Domain of the recipient of a message or share.";
    442 QueryEntropy "magistrate.destination.query_entropy" Double Every "Shannon entropy of URL path and query, bits per byte.";
    443 Sealed "magistrate.sealed" Text Every "The masked values, encrypted; only the private key of `magistrate unseal` opens it.";
    444 SessionBearing "magistrate.session_bearing" Bool Every "Whether the request bore a session: a cookie, an Authorization header or a key; absent where the source does not tell.";
    460 Recipient "magistrate.destination.recipient" Text Every "Recipients of a message or share.";
    461 AppId "magistrate.app.id" Text Every "The application that is acted in.";
    462 AppCategory "magistrate.app.category" Text Every "Its category: finance, crypto, password_manager, admin_console, hr, healthcare, government, legal, …";
    463 ContentOrigin "magistrate.content.origin" Text Every "Where the content came from: user, webpage, email, document, tool or unknown.";
    464 SessionMode "magistrate.session.mode" Text Every "native or containment.";
    465 SessionTask "magistrate.session.task" Text Every "What the user asked for, as the judge's caller says.";
    466 RecipientDomains "magistrate.destination.recipient_domains" TextList Every "Domains of all recipients, where there are several.";
    467 FileTraits "magistrate.file.traits" TextList Every "What the files of a judged action are, by content and name, such as `executable`, `archive.script` or `disguised`.";
    468 FileTypes "magistrate.file.types" TextList Every "Their types by content, such as `exe` or `zip`.";
    469 FilePaths "magistrate.file.paths" TextList Every "Paths of all files that a call names, where there are several.";
    470 VerdictUid "magistrate.verdict.uid" Text Every "Id of the verdict; only verdict rows have it.";
    471 VerdictDecision "magistrate.verdict.decision" Text Every "What was enforced: allow, redact, downgrade, require_approval or block.";
    472 VerdictRequested "magistrate.verdict.requested" Text Every "What policy asked for, where the door could not carry it.";
    473 VerdictEvent "magistrate.verdict.event_uid" Text Every "Id of the judged action's row.";
    474 VerdictPolicies "magistrate.verdict.policies" TextList Every "Ids of the policies that matched.";
    475 VerdictReasons "magistrate.verdict.reasons" Json Every "Every reason: policy, title, category, decision and what made it match.";
    476 VerdictEvidence "magistrate.verdict.evidence" Json Every "Scores, what speaks for a drift, and facts of the session that the decision saw.";
    477 VerdictCategory "magistrate.verdict.category" Text Every "Category that set deadline and posture.";
    478 VerdictTier "magistrate.verdict.tier" Text Every "How deep it was looked: rules, fast_model, model or llm.";
    479 VerdictDegraded "magistrate.verdict.degraded" Bool Every "Whether something failed or came too late.";
    480 VerdictPartial "magistrate.verdict.partial" Bool Every "Whether only a part of the content was looked at.";
    481 PolicyVersion "magistrate.verdict.policy_version" Text Every "Which set of policies decided.";
    482 VerdictModel "magistrate.verdict.model" Text Every "Which models were asked.";
    483 VerdictElapsed "magistrate.verdict.elapsed_us" Long Every "Microseconds from the read request to the verdict.";
    484 VerdictDoor "magistrate.verdict.door" Text Every "The door that asked.";
    485 VerdictProfile "magistrate.verdict.profile" Text Every "The profile in force.";
    486 VerdictRequestUid "magistrate.verdict.request_id" Text Every "The caller's own id of the request.";
    487 VerdictLate "magistrate.verdict.late" Bool Every "Whether it was reached after the answer; it can only revoke.";
    488 VerdictAnswered "magistrate.verdict.answered" Text Every "What had been answered when a late verdict was reached; only late verdicts have it.";
    490 ApprovalUid "magistrate.approval.uid" Text Every "Id of the approval that a row tells of, or that a verdict waits for or used.";
    491 ApprovalState "magistrate.approval.state" Text Every "What became of it: pending, approved, denied, expired or used; only rows of approvals have it.";
    492 ApprovalPerson "magistrate.approval.person" Text Every "Who decided: the name of the token.";
    493 ApprovalComment "magistrate.approval.comment" Text Every "What the person said about it.";
    494 ApprovalExpires "magistrate.approval.expires_time" Time Every "Until when it can be decided, or used.";
    495 ApprovalEvent "magistrate.approval.event_uid" Text Every "Id of the row of the action that it is for; of the one that used it, once it is used.";
    496 ApprovalWaited "magistrate.approval.waited_ms" Long Every "Milliseconds from the question to this change.";
}

/// Returned for a number that names no [`Field`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown field number {0}")]
pub struct UnknownField(u16);

impl From<Field> for u16 {
    fn from(field: Field) -> Self {
        field as Self
    }
}

impl TryFrom<u16> for Field {
    type Error = UnknownField;

    fn try_from(number: u16) -> Result<Self, UnknownField> {
        Self::from_number(number).ok_or(UnknownField(number))
    }
}

impl Field {
    /// The dotted path, such as `actor.session.uid`.
    pub const fn path(self) -> &'static str {
        self.column().path
    }

    /// What the column holds.
    pub const fn kind(self) -> Kind {
        self.column().kind
    }

    /// Which tables have the column.
    pub const fn scope(self) -> Scope {
        self.column().scope
    }

    /// What the column means, one sentence.
    pub const fn doc(self) -> &'static str {
        self.column().doc
    }

    /// The field at a dotted path.
    pub fn from_path(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.path() == path)
    }

    /// Whether the table of `class` has this column.
    pub const fn is_in(self, class: crate::Class) -> bool {
        use crate::Class;
        match self.scope() {
            Scope::Every => true,
            Scope::Event => class.class_uid().is_some(),
            Scope::Authentication => matches!(class, Class::Authentication),
            Scope::Lifecycle => matches!(class, Class::ApplicationLifecycle),
            Scope::Network => matches!(
                class,
                Class::HttpActivity | Class::NetworkActivity | Class::DnsActivity
            ),
            Scope::Dns => matches!(class, Class::DnsActivity),
            Scope::Finding => matches!(class, Class::DetectionFinding | Class::DataSecurityFinding),
            Scope::Metric => matches!(class, Class::Metric),
            Scope::Span => matches!(class, Class::Span),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_paths_lead_back_to_their_field() {
        for &field in Field::ALL {
            assert_eq!(Field::try_from(u16::from(field)), Ok(field));
            assert_eq!(
                Field::from_path(field.path()),
                Some(field),
                "{}",
                field.path()
            );
        }
    }

    #[test]
    fn numbers_only_grow() {
        assert!(Field::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn no_path_is_another_paths_folder() {
        for a in Field::ALL {
            for b in Field::ALL {
                assert!(
                    !b.path().starts_with(&format!("{}.", a.path())),
                    "{} {}",
                    a.path(),
                    b.path()
                );
            }
        }
    }
}
