//! The names that public Sigma rules use for what an event holds.

use magistrate_event::Field as F;

use super::names::{Derived, Name, column, derived};

/// Sigma's names for the categories of public rules.
pub(super) const SIGMA: &[Name] = &[
    // process_creation
    column("CommandLine", &[F::CmdLine], "process_creation"),
    derived(
        "Image",
        Derived::Programs,
        "process_creation, file_event, network_connection",
    ),
    column(
        "CurrentDirectory",
        &[F::ProcessWorkingDirectory],
        "process_creation",
    ),
    column("User", &[F::UserName, F::UserEmail], "process_creation"),
    column("ProcessId", &[F::ProcessPid], "process_creation"),
    column("ComputerName", &[F::DeviceHostname], "process_creation"),
    column("Computer", &[F::DeviceHostname], "process_creation"),
    // file_event
    column("TargetFilename", &[F::FilePaths, F::FilePath], "file_event"),
    // network_connection
    column(
        "DestinationHostname",
        &[F::DstHostname, F::UrlHostname],
        "network_connection",
    ),
    column("DestinationIp", &[F::DstIp], "network_connection"),
    column(
        "DestinationPort",
        &[F::DstPort, F::UrlPort],
        "network_connection",
    ),
    column("SourceHostname", &[F::SrcHostname], "network_connection"),
    column("SourceIp", &[F::SrcIp], "network_connection"),
    column("SourcePort", &[F::SrcPort], "network_connection"),
    column("Protocol", &[F::ConnectionProtocol], "network_connection"),
    derived("Initiated", Derived::Initiated, "network_connection"),
    column("dst_ip", &[F::DstIp], "network_connection"),
    column("dst_port", &[F::DstPort, F::UrlPort], "network_connection"),
    column("src_ip", &[F::SrcIp], "network_connection"),
    column("src_port", &[F::SrcPort], "network_connection"),
    // proxy
    column("c-uri", &[F::UrlString, F::UrlPath], "proxy"),
    column("c-uri-query", &[F::UrlQuery], "proxy"),
    column("c-uri-stem", &[F::UrlPath], "proxy"),
    derived("c-uri-extension", Derived::UrlExtension, "proxy"),
    column("c-useragent", &[F::UserAgent], "proxy"),
    column("c-ip", &[F::SrcIp], "proxy"),
    column("cs-host", &[F::UrlHostname, F::DstHostname], "proxy"),
    column("cs-method", &[F::HttpMethod], "proxy, webserver"),
    column("cs-version", &[F::HttpVersion], "proxy, webserver"),
    column(
        "cs-bytes",
        &[F::TrafficBytesOut, F::HttpRequestLength],
        "proxy",
    ),
    column(
        "cs-username",
        &[F::UserName, F::UserEmail],
        "proxy, webserver",
    ),
    column("cs-referrer", &[F::Referrer], "proxy"),
    column("r-dns", &[F::UrlHostname, F::DstHostname], "proxy"),
    column("r-ip", &[F::DstIp], "proxy"),
    column(
        "sc-bytes",
        &[F::TrafficBytesIn, F::HttpLength],
        "proxy, webserver",
    ),
    column("sc-status", &[F::HttpCode], "proxy, webserver"),
    column("sc-content-type", &[F::HttpContentType], "proxy"),
    // webserver
    derived("cs-uri", Derived::PathAndQuery, "webserver"),
    derived("cs-uri-query", Derived::PathAndQuery, "webserver"),
    column("cs-uri-stem", &[F::UrlPath], "webserver"),
    column("cs-user-agent", &[F::UserAgent], "webserver"),
    column("cs-referer", &[F::Referrer], "webserver"),
    column("cs-ip", &[F::SrcIp], "webserver"),
    // dns
    derived("query", Derived::Lookups, "dns"),
    derived("QueryName", Derived::Lookups, "dns, dns_query"),
    column("record_type", &[F::QueryType], "dns"),
    column("QueryType", &[F::QueryType], "dns, dns_query"),
    derived("answer", Derived::Answers, "dns"),
    derived("QueryResults", Derived::Answers, "dns_query"),
    column("QueryStatus", &[F::Rcode], "dns_query"),
];
