//! A snapshot as lines of text.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::model::{Cluster, Person, Room, Snapshot, Stream};
use super::table::{self, cut, left, right};

/// The lines of `snapshot`, each of at most `columns` columns. Losses are those since `before`, or since the beginning.
pub(super) fn lines(snapshot: &Snapshot, before: Option<&Snapshot>, columns: usize) -> Vec<String> {
    let mut lines = vec![cut(&headline(snapshot), columns)];
    lines.extend(threads(snapshot).map(|line| cut(&line, columns)));
    lines.extend(cluster(snapshot).map(|line| cut(&line, columns)));
    let past: HashMap<_, _> = before.iter().flat_map(|before| streams(before)).collect();
    for room in &snapshot.rooms {
        let people: Vec<&Person> = snapshot.people.iter().filter(|person| person.room == room.room).collect();
        lines.push(String::new());
        lines.push(cut(&room_line(room), columns));
        lines.extend(room_lines(&people, &past, columns.saturating_sub(2)).into_iter().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    lines.extend(tables(snapshot, columns));
    let drops = drops(snapshot, before, columns);
    if !drops.is_empty() {
        lines.push(String::new());
        lines.extend(drops);
    }
    lines
}

fn headline(snapshot: &Snapshot) -> String {
    let server = &snapshot.server;
    let sum = |role: &str| -> u64 {
        let people = snapshot.people.iter().filter(|person| person.role == role);
        people.flat_map(|person| &person.streams).map(|stream| stream.bitrate_bps).sum()
    };
    let name = if server.name == "Parlor" { String::new() } else { format!(" ({})", plain(&server.name)) };
    let (rooms, up) = (count(snapshot.rooms.len(), "room"), duration(server.uptime_ms / 1000));
    let (comes, leaves) = (bitrate(sum("publisher")), bitrate(sum("subscriber")));
    let draining = if server.draining { ", draining" } else { "" };
    format!("Parlor {}{name}, up {up}{draining}: {rooms}, {comes} come in, {leaves} go out", server.version)
}

fn threads(snapshot: &Snapshot) -> Option<String> {
    let shards: Vec<String> = snapshot
        .server
        .shards
        .iter()
        .map(|shard| {
            let shed = match shard.shedding.as_str() {
                "joins" => ": takes nobody new",
                "layers" => ": takes nobody new, lowest layers only",
                _ => "",
            };
            format!("{} {} % busy{shed}", shard.shard, shard.busy_percent)
        })
        .collect();
    (!shards.is_empty()).then(|| format!("Media threads: {}", shards.join(", ")))
}

fn cluster(snapshot: &Snapshot) -> Option<String> {
    let Cluster { connected, boxes, shown, wanted, sent } = snapshot.server.cluster.as_ref()?;
    let broker = if *connected { "" } else { "the broker is away: " };
    Some(format!(
        "Cluster: {broker}{boxes} other boxes, {shown} of their publishers, {wanted} come here, {sent} go there"
    ))
}

fn room_line(room: &Room) -> String {
    let mut line = format!("Room {}", name(&room.room));
    if !room.description.is_empty() {
        line.push_str(&format!(" \"{}\"", plain(&room.description)));
    }
    if room.participants + room.subscribers == 0 {
        line.push_str(": nobody");
    } else {
        let Room { participants, max_publishers, publishers, subscribers, .. } = room;
        line.push_str(&format!(
            ": {participants} joined, {publishers} of {max_publishers} publish, {subscribers} watch"
        ));
    }
    for (is, what) in [(room.record, ", recorded"), (room.pin_required, ", with a PIN")] {
        if is {
            line.push_str(what);
        }
    }
    line
}

/// An m-line of a handle.
type Place<'a> = (u64, &'a str);

fn streams(snapshot: &Snapshot) -> impl Iterator<Item = (Place<'_>, &Stream)> {
    let people = snapshot.people.iter();
    people.flat_map(|person| person.streams.iter().map(|stream| ((person.handle_id, stream.mid.as_str()), stream)))
}

fn room_lines(people: &[&Person], past: &HashMap<Place<'_>, &Stream>, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for person in people {
        let who = who(person, people);
        if person.streams.is_empty() {
            let note = if person.role == "publisher" { "sends nothing" } else { "gets nothing" };
            rows.push(row(who, "", "", note));
            continue;
        }
        for (index, stream) in person.streams.iter().enumerate() {
            let who = if index == 0 { who.clone() } else { String::new() };
            rows.push(stream_row(who, person, stream, people, past));
        }
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let header = [
        left("who", 0),
        left("", 7),
        left("what", 1),
        left("codec", 4),
        right("kbit/s", 0),
        right("loss", 2),
        right("round trip", 5),
        right("jitter", 6),
        left("layers", 3),
        left("notes", 0),
    ];
    table::lines(header, &rows, columns)
}

type Row = [String; 10];

fn row(who: String, does: &str, what: &str, notes: &str) -> Row {
    let mut row = Row::default();
    (row[0], row[1], row[2], row[9]) = (who, does.into(), what.into(), notes.into());
    row
}

fn stream_row(
    who: String,
    person: &Person,
    stream: &Stream,
    people: &[&Person],
    past: &HashMap<Place<'_>, &Stream>,
) -> Row {
    let is_sent = person.role == "publisher";
    let what = match is_sent {
        true => stream.kind.clone(),
        false => format!("{} of {}", stream.kind, feed(&stream.feed, people)),
    };
    let before = past.get(&(person.handle_id, stream.mid.as_str())).copied();
    let mut row = row(who, if is_sent { "sends" } else { "gets" }, &what, &notes(person, stream));
    row[3] = stream.codec.clone().unwrap_or_default();
    row[4] = (stream.bitrate_bps / 1000).to_string();
    row[5] = loss(stream, before, is_sent);
    row[6] = stream.rtt_ms.filter(|_| stream.packets > 0).map(|ms| format!("{ms} ms")).unwrap_or_default();
    row[7] = if stream.packets > 0 { format!("{} ms", stream.jitter_ms) } else { String::new() };
    row[8] = layers(stream);
    row
}

/// Lost packets in percent.
fn loss(stream: &Stream, before: Option<&Stream>, is_sent: bool) -> String {
    let since = |now: i64, before: i64| now.saturating_sub(before).max(0) as f64;
    let packets = since(stream.packets as i64, before.map_or(0, |before| before.packets as i64));
    let lost = since(stream.lost, before.map_or(0, |before| before.lost));
    // What was lost on its way to us was not counted when it came.
    let all = if is_sent { packets + lost } else { packets };
    if stream.packets == 0 { String::new() } else { format!("{:.1} %", (lost / all.max(1.0) * 100.0).min(100.0)) }
}

fn layers(stream: &Stream) -> String {
    let Some(layers) = &stream.layers else { return String::new() };
    let parts = [("size ", layers.substream.or(layers.spatial)), ("rate ", layers.temporal)];
    let told = parts.iter().filter_map(|(name, layer)| layer.map(|layer| format!("{name}{layer}")));
    told.collect::<Vec<_>>().join(" ")
}

fn notes(person: &Person, stream: &Stream) -> String {
    let mut notes = Vec::new();
    if !person.ready {
        notes.push("not connected yet".into());
    }
    if stream.muted {
        notes.push("muted by a moderator".into());
    } else if !stream.active {
        notes.push("paused".into());
    }
    if stream.talking {
        notes.push("talks".into());
    }
    if stream.simulcast {
        notes.push("simulcast".into());
    }
    if person.role == "publisher" {
        notes.push(format!("{} watch", stream.watchers));
    }
    if person.recorded {
        notes.push("recorded".into());
    }
    match stream.limited_by.as_deref() {
        Some("request") => notes.push("less: asked for".into()),
        Some("bandwidth") => {
            let way = person.way_bps.map(|bps| format!(" ({} kbit/s)", bps / 1000)).unwrap_or_default();
            notes.push(format!("less: narrow way{way}"));
        }
        Some("load") => notes.push("less: server is busy".into()),
        _ => {}
    }
    notes.join(", ")
}

/// A publisher by their name, a subscriber by that of the publisher for whom they watch.
fn who(person: &Person, people: &[&Person]) -> String {
    let is_own = |other: &&&Person| other.role == "publisher" && other.private_id == person.private_id;
    match person.private_id.and_then(|_| people.iter().find(is_own)) {
        Some(publisher) => called(publisher),
        None => "a viewer".into(),
    }
}

fn feed(id: &Value, people: &[&Person]) -> String {
    let publisher = people.iter().find(|person| person.role == "publisher" && person.id == *id);
    publisher.map_or_else(|| name(id), |publisher| called(publisher))
}

fn called(publisher: &Person) -> String {
    let display = publisher.display.as_deref().map(plain).filter(|display| !display.is_empty());
    display.unwrap_or_else(|| name(&publisher.id))
}

/// The name of a room or of somebody: a number or a text.
fn name(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), plain)
}

/// What a client wrote, without what would move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

fn tables(snapshot: &Snapshot, columns: usize) -> Vec<String> {
    let has_shards = snapshot.server.shards.len() > 1;
    let rows = snapshot.server.tables.iter().map(|table| {
        let shard = table.shard.filter(|_| has_shards).map(|shard| shard.to_string()).unwrap_or_default();
        let percent = (table.used * 100).checked_div(table.limit).unwrap_or(0);
        let bar = "#".repeat((percent as usize).div_ceil(5).min(20));
        [table.name.clone(), shard, table.used.to_string(), table.limit.to_string(), format!("{percent} %"), bar]
    });
    let header =
        [left("table", 0), right("thread", 2), right("used", 0), right("limit", 0), right("full", 3), left("", 4)];
    table::lines(header, &rows.collect::<Vec<_>>(), columns)
}

fn drops(snapshot: &Snapshot, before: Option<&Snapshot>, columns: usize) -> Vec<String> {
    let (now, past) = (causes(snapshot), before.map(causes));
    let rows: Vec<[String; 4]> = now
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(cause, count)| {
            let since = past.as_ref().map(|past| count.saturating_sub(*past.get(cause).unwrap_or(&0)));
            let since = since.map(|since| since.to_string()).unwrap_or_default();
            [(*cause).into(), count.to_string(), since, meaning(cause).into()]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    table::lines([left("dropped", 0), right("packets", 0), right("lately", 1), left("", 2)], &rows, columns)
}

/// What was dropped by all shards, by cause.
fn causes(snapshot: &Snapshot) -> BTreeMap<&str, u64> {
    let mut causes = BTreeMap::new();
    for (cause, count) in snapshot.server.shards.iter().flat_map(|shard| &shard.drops) {
        *causes.entry(cause.as_str()).or_default() += count;
    }
    causes
}

fn meaning(cause: &str) -> &'static str {
    match cause {
        "unknown_address" => "from an address that no peer proved to be its own",
        "malformed" => "lengths or fields that make no sense",
        "bad_tag" => "not authentic",
        "replay" => "received before: duplicates are usual on some networks",
        "no_keys" => "media before its keys: usual at a beginning",
        "unknown_source" => "of no m-line that is known",
        "queue_full" => "limits.queued_packets is too small, or the machine too slow",
        "socket_full" => "the kernel took no more: the network or the machine is too slow",
        "ingress_full" => "from another shard or box, faster than it was read: the machine is too slow",
        "pool_empty" => "limits.history_packets or limits.publishers are too small",
        "not_selected" => "layers that nobody was sent: usual",
        "stun_refused" => "checks with a wrong password or of links that are gone",
        "stale" => "of something that is gone, or padding of probes: usual",
        "too_long" => "longer than a datagram may be",
        "keys_exhausted" => "keys that protected as much as they may",
        _ => "",
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn bitrate(bps: u64) -> String {
    if bps < 1_000_000 { format!("{} kbit/s", bps / 1000) } else { format!("{:.1} Mbit/s", bps as f64 / 1e6) }
}

fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn snapshot(packets: u64, lost: i64) -> Snapshot {
        let server = json!({
            "name": "Parlor", "version": "1.2.3", "uptime_ms": 3_720_000,
            "tables": [{ "name": "rooms", "used": 1, "limit": 64 },
                { "name": "publishers", "shard": 0, "used": 16, "limit": 32 }],
            "shards": [{ "shard": 0, "busy_percent": 7, "drops": { "not_selected": 5, "replay": 0 } }],
            "cluster": { "connected": false, "boxes": 2, "shown": 3, "wanted": 1, "sent": 4 },
        });
        let room = json!({ "room": 1234, "description": "Demo", "participants": 1, "publishers": 1, "subscribers": 1,
            "max_publishers": 12 });
        let ada = json!({ "handle_id": 1, "room": 1234, "role": "publisher", "id": 7, "display": "Ada\u{1b}[2J",
            "private_id": 70, "ready": true, "streams": [{ "mid": "0", "kind": "video", "codec": "vp8", "active": true,
            "packets": packets, "lost": lost, "bitrate_bps": 1_590_000, "jitter_ms": 8, "simulcast": true,
            "watchers": 1 }] });
        let viewer = json!({ "handle_id": 2, "room": 1234, "role": "subscriber", "ready": true, "way_bps": 600_000,
            "streams": [{ "mid": "0", "kind": "video", "codec": "vp8", "active": true, "packets": packets, "rtt_ms": 12,
            "bitrate_bps": 400_000, "feed": 7, "layers": { "substream": 1, "temporal": 2 },
            "limited_by": "bandwidth" }] });
        Snapshot::new(server, vec![room], vec![ada, viewer])
    }

    #[test]
    fn a_reader_sees_who_gets_what_and_why_not_more() {
        let shown = lines(&snapshot(900, 100), None, 200).join("\n");
        for words in [
            "Parlor 1.2.3, up 1 h 2 min: 1 room, 1.6 Mbit/s come in, 400 kbit/s go out",
            "Media threads: 0 7 % busy",
            "Cluster: the broker is away: 2 other boxes, 3 of their publishers, 1 come here, 4 go there",
            "Room 1234 \"Demo\": 1 joined, 1 of 12 publish, 1 watch",
            "less: narrow way (600 kbit/s)",
            "size 1 rate 2",
            "10.0 %",
            "12 ms",
            "50 %",
        ] {
            assert!(shown.contains(words), "{words} is missing in\n{shown}");
        }
        assert!(!shown.contains('\u{1b}') && !shown.contains("replay"), "{shown}");
    }

    #[test]
    fn loss_is_that_of_the_last_moments_where_these_are_known() {
        let shown = lines(&snapshot(1900, 100), Some(&snapshot(900, 100)), 200).join("\n");
        assert!(shown.contains("0.0 %") && !shown.contains("10.0 %"), "{shown}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for columns in [20, 40, 60, 80, 120] {
            for line in lines(&snapshot(900, 100), None, columns) {
                assert!(table::width(&line) <= columns, "{columns}: {line}");
            }
        }
    }
}
