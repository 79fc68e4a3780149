//! The names by which JSON log lines call what has a column.

use magistrate_event::Field;

use super::target::Target;
use super::vocabulary::lower;

/// What a name of a JSON line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// It fills a column.
    Target(Target),
    /// A host: the server's or the device's.
    Host,
    /// A path: the URL's, or some other.
    Path,
}

/// The longest name in the table.
const MAX_NAME_BYTES: usize = 32;

/// What `key` stands for, in any case; none when it is kept under its own name.
pub(super) fn name(key: &str) -> Option<Name> {
    let mut buffer = [0; MAX_NAME_BYTES];
    let key = lower(key, &mut buffer)?;
    match key {
        "host" | "hostname" | "authority" | "server_name" => Some(Name::Host),
        "path" | "uri_path" | "url_path" => Some(Name::Path),
        _ => request(key)
            .or_else(|| endpoint(key))
            .or_else(|| description(key))
            .map(Name::Target),
    }
}

fn request(key: &str) -> Option<Target> {
    let target = match key {
        "url" | "uri" | "request_url" | "requesturl" | "request_uri" | "url.full" | "http.url"
        | "full_url" => Target::Url,
        "method"
        | "http_method"
        | "request_method"
        | "requestmethod"
        | "reqmethod"
        | "http.method"
        | "http.request.method"
        | "cs-method" => Target::Method,
        "status"
        | "status_code"
        | "statuscode"
        | "http_status"
        | "response_code"
        | "responsecode"
        | "respcode"
        | "http.status_code"
        | "http.response.status_code"
        | "sc-status"
        | "outcome" => Target::Status,
        "user_agent"
        | "useragent"
        | "ua"
        | "http_user_agent"
        | "user_agent.original"
        | "cs-user-agent" => Target::Text(Field::UserAgent),
        "referer" | "referrer" | "http_referer" | "http_referrer" | "cs-referer" => {
            Target::Text(Field::Referrer)
        }
        "content_type" | "contenttype" | "mime_type" | "sc-content-type" => {
            Target::Text(Field::HttpContentType)
        }
        "request_id" | "requestid" | "x_request_id" | "x-request-id" => {
            Target::Text(Field::HttpRequestUid)
        }
        "bytes" | "total_bytes" | "bytes_total" => Target::Int(Field::TrafficBytes),
        "bytes_sent" | "response_size" | "responsesize" | "respsize" | "sc-bytes"
        | "body_bytes_sent" => Target::Int(Field::TrafficBytesIn),
        "bytes_received" | "request_size" | "requestsize" | "reqsize" | "cs-bytes" => {
            Target::Int(Field::TrafficBytesOut)
        }
        "duration_ms" | "elapsed_ms" | "latency_ms" | "time_taken_ms" => {
            Target::Int(Field::Duration)
        }
        _ => return None,
    };
    Some(target)
}

fn endpoint(key: &str) -> Option<Target> {
    let target = match key {
        "src_ip" | "srcip" | "source_ip" | "sourceip" | "client_ip" | "clientip"
        | "remote_addr" | "remote_ip" | "src" | "client" | "c-ip" | "source.ip" | "client.ip"
        | "id.orig_h" | "userip" => Target::Endpoint(Field::SrcIp, Field::SrcHostname),
        "src_port" | "srcport" | "source_port" | "client_port" | "source.port" | "id.orig_p" => {
            Target::Int(Field::SrcPort)
        }
        "src_host" | "srchost" | "client_host" | "source_host" => Target::Text(Field::SrcHostname),
        "dst_ip" | "dstip" | "dest_ip" | "destination_ip" | "server_ip" | "serverip" | "dst"
        | "s-ip" | "destination.ip" | "id.resp_h" => {
            Target::Endpoint(Field::DstIp, Field::DstHostname)
        }
        "dst_port" | "dstport" | "dest_port" | "destination_port" | "destination.port"
        | "id.resp_p" => Target::Int(Field::DstPort),
        "dst_host" | "dsthost" | "dest_host" | "destination_host" => {
            Target::Text(Field::DstHostname)
        }
        "proto" | "protocol" | "transport" => Target::Text(Field::ConnectionProtocol),
        "user" | "username" | "user_name" | "login" | "suser" | "cs-username" | "user.name"
        | "remote_user" => Target::User,
        "email" | "user_email" | "useremail" | "user.email" => Target::UserMail,
        "user_id" | "userid" | "user.id" => Target::Text(Field::UserUid),
        _ => return None,
    };
    Some(target)
}

fn description(key: &str) -> Option<Target> {
    let target = match key {
        "time" | "timestamp" | "@timestamp" | "ts" | "datetime" | "event_time" | "eventtime"
        | "epochtime" | "start_time" => Target::EventTime,
        "message" | "msg" => Target::Text(Field::Message),
        "level" | "severity" | "loglevel" | "log_level" | "log.level" => Target::Severity,
        "action" | "act" => Target::Action,
        "reason" => Target::Text(Field::StatusDetail),
        "product" => Target::Text(Field::ProductName),
        "vendor" => Target::Text(Field::ProductVendor),
        "event_id" | "eventid" | "event_name" | "event.action" => Target::Text(Field::EventCode),
        "session_id"
        | "sessionid"
        | "session.id"
        | "x-claude-code-session-id"
        | "x_claude_code_session_id" => Target::Text(Field::SessionUid),
        "trace_id" | "traceid" | "trace.id" => Target::Text(Field::TraceId),
        "span_id" | "spanid" | "span.id" => Target::Text(Field::SpanId),
        "pid" | "process_id" => Target::Int(Field::ProcessPid),
        "file_name" | "filename" => Target::Text(Field::FileName),
        "file_path" | "filepath" => Target::Text(Field::FilePath),
        "file_size" | "filesize" => Target::Int(Field::FileSize),
        _ => return None,
    };
    Some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        assert_eq!(name("URL"), Some(Name::Target(Target::Url)));
        assert_eq!(name("Src_IP"), name("srcip"));
        assert_eq!(name("HostName"), Some(Name::Host));
        // The client's header, as gateways log it.
        assert_eq!(name("X-Claude-Code-Session-Id"), name("session_id"));
        assert_eq!(name("something else"), None);
        assert_eq!(name(&"x".repeat(MAX_NAME_BYTES + 1)), None);
    }
}
