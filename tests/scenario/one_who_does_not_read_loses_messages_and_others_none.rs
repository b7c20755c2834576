//! Messages of a foreign stack reach those who read, all of them, in order; who does not read loses some and is told.
//! The media threads allocate nothing meanwhile.

use crate::common::PATIENCE;
use parlor_tests::peer::{Options, Peer, drive};
use parlor_tests::{Result, Server, Signalling, Subscriber};
use serde_json::json;
use std::time::{Duration, Instant};
use str0m::channel::{ChannelConfig, Reliability};

const MESSAGES: usize = 200;
const LISTENERS: usize = 3;

#[test]
fn one_who_does_not_read_loses_messages_and_others_none() -> Result<()> {
    let server = Server::start_counting(&["media.shards=1"])?;
    let room = server.create_room(3)?;
    let (mut sender, id) = publish(&server, room)?;
    let join = || Subscriber::join(&server.websocket, room, Options::local(), &[id]);
    let mut listeners = (0..LISTENERS).map(|_| join()).collect::<Result<Vec<Subscriber>>>()?;
    for subscriber in &listeners {
        assert_eq!(subscriber.streams[0]["source_ids"], json!([id]));
    }
    let up = drive_all(&mut sender, &mut listeners, PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?;
    assert!(up, "not every connection came up");

    // The first message opens the channel.
    say(&mut sender, 0, &mut listeners)?;
    let heard = |peers: &[&mut Peer]| peers[..LISTENERS].iter().all(|peer| peer.messages.len() == 1);
    assert!(drive_all(&mut sender, &mut listeners, PATIENCE, heard)?, "the first message did not arrive everywhere");
    for subscriber in &mut listeners {
        let [open] = subscriber.peer.channels[..] else { panic!("one channel is open") };
        let channel = subscriber.peer.channel(open).ok_or("a channel")?;
        let expected = (true, Reliability::MaxRetransmits { retransmits: 40 }, "list", "numbers");
        assert_eq!((channel.ordered, channel.reliability, &*channel.label, &*channel.protocol), expected);
    }

    let mut deaf = listeners.pop().ok_or("a listener")?;
    for number in 1..MESSAGES {
        say(&mut sender, number, &mut listeners)?;
    }
    let heard = |peers: &[&mut Peer]| peers[..LISTENERS - 1].iter().all(|peer| peer.messages.len() == MESSAGES);
    assert!(drive_all(&mut sender, &mut listeners, PATIENCE, heard)?, "not everything arrived");
    for subscriber in &listeners {
        for (number, message) in subscriber.peer.messages.iter().enumerate() {
            assert!(message.binary == (number % 2 == 0) && message.data == text(number), "message {number}");
        }
    }
    let told = deaf.signalling.wait(PATIENCE, |event| event["plugindata"]["data"]["data"] == "lost")?;
    let told = told.ok_or("nobody told of lost messages")?;
    assert_eq!(told["plugindata"]["data"]["mid"], "0");
    assert!(told["plugindata"]["data"]["messages"].as_u64() > Some(0), "{told}");
    drop((sender, listeners, deaf));
    assert_eq!(server.stop_and_count()?, [("media-0".to_owned(), 0)]);
    Ok(())
}

/// A publisher of one channel that is open, and its number.
fn publish(server: &Server, room: u64) -> Result<(Peer, u64)> {
    let mut signalling = Signalling::connect(&server.websocket)?;
    let handle = signalling.attach()?;
    let (joined, _) =
        signalling.message(handle, json!({ "request": "join", "ptype": "publisher", "room": room }), None)?;
    let mut peer = Peer::new(Options::local())?;
    let channel = ChannelConfig {
        label: "list".into(),
        protocol: "numbers".into(),
        reliability: Reliability::MaxRetransmits { retransmits: 40 },
        ..ChannelConfig::default()
    };
    let (offer, pending) = peer.offer_channels(&[channel])?;
    let jsep = json!({ "type": "offer", "sdp": offer });
    let (_, answer) = signalling.message(handle, json!({ "request": "publish" }), Some(jsep))?;
    peer.accept_answer(pending, &answer.ok_or("no answer to the offer")?)?;
    assert!(drive(&mut [&mut peer], PATIENCE, |peers| !peers[0].channels.is_empty())?, "the channel did not open");
    // The session lasts as long as the process of the server.
    std::mem::forget(signalling);
    Ok((peer, joined["id"].as_u64().ok_or("a publisher without an id")?))
}

/// Sends message `number`, as soon as there is room for it, while everybody is driven.
fn say(sender: &mut Peer, number: usize, listeners: &mut [Subscriber]) -> Result<()> {
    let channel = *sender.channels.first().ok_or("no channel")?;
    let start = Instant::now();
    while !sender.send_message(channel, number.is_multiple_of(2), &text(number))? {
        assert!(start.elapsed() < PATIENCE, "message {number} finds no room");
        drive_all(sender, listeners, Duration::from_millis(2), |_| false)?;
    }
    Ok(())
}

fn drive_all<'a>(
    sender: &'a mut Peer,
    listeners: &'a mut [Subscriber],
    patience: Duration,
    done: impl FnMut(&[&'a mut Peer]) -> bool,
) -> Result<bool> {
    let mut peers: Vec<&mut Peer> = listeners.iter_mut().map(|listener| &mut listener.peer).collect();
    peers.push(sender);
    drive(&mut peers, patience, done)
}

/// Up to 19 kB that begin with their number.
fn text(number: usize) -> Vec<u8> {
    format!("{number}:{}", "x".repeat(number * 997 % 19_000)).into_bytes()
}
