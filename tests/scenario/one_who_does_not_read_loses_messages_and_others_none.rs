//! Messages of a foreign stack reach those who read, all of them, in order; who does not read loses some and is told.
//! The media threads allocate nothing meanwhile.

use crate::common::PATIENCE;
use crate::talking::{Talker, drive_with, text};
use parlor_tests::peer::{Options, Peer};
use parlor_tests::{Result, Server, Subscriber};
use serde_json::json;
use str0m::channel::Reliability;

const MESSAGES: usize = 200;
const LISTENERS: usize = 3;

#[test]
fn one_who_does_not_read_loses_messages_and_others_none() -> Result<()> {
    let server = Server::start_counting(&["media.shards=1"])?;
    let room = server.create_room(3)?;
    let mut talker = Talker::publish(&server, room)?;
    let id = talker.id;
    let join = || Subscriber::join(&server.websocket, room, Options::local(), &[id]);
    let mut listeners = (0..LISTENERS).map(|_| join()).collect::<Result<Vec<Subscriber>>>()?;
    for subscriber in &listeners {
        assert_eq!(subscriber.streams[0]["source_ids"], json!([id]));
    }
    let up =
        drive_with(&mut talker.peer, &mut listeners, PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?;
    assert!(up, "not every connection came up");

    // The first message opens the channel.
    talker.say(0, &mut listeners)?;
    let heard = |peers: &[&mut Peer]| peers[..LISTENERS].iter().all(|peer| peer.messages.len() == 1);
    assert!(
        drive_with(&mut talker.peer, &mut listeners, PATIENCE, heard)?,
        "the first message did not arrive everywhere"
    );
    for subscriber in &mut listeners {
        let [open] = subscriber.peer.channels[..] else { panic!("one channel is open") };
        let channel = subscriber.peer.channel(open).ok_or("a channel")?;
        let expected = (true, Reliability::MaxRetransmits { retransmits: 40 }, "list", "numbers");
        assert_eq!((channel.ordered, channel.reliability, &*channel.label, &*channel.protocol), expected);
    }

    let mut deaf = listeners.pop().ok_or("a listener")?;
    for number in 1..MESSAGES {
        talker.say(number, &mut listeners)?;
    }
    let heard = |peers: &[&mut Peer]| peers[..LISTENERS - 1].iter().all(|peer| peer.messages.len() == MESSAGES);
    assert!(drive_with(&mut talker.peer, &mut listeners, PATIENCE, heard)?, "not everything arrived");
    for subscriber in &listeners {
        for (number, message) in subscriber.peer.messages.iter().enumerate() {
            assert!(message.binary == (number % 2 == 0) && message.data == text(number), "message {number}");
        }
    }
    let told = deaf.signalling.wait(PATIENCE, |event| event["plugindata"]["data"]["data"] == "lost")?;
    let told = told.ok_or("nobody told of lost messages")?;
    assert_eq!(told["plugindata"]["data"]["mid"], "0");
    assert!(told["plugindata"]["data"]["messages"].as_u64() > Some(0), "{told}");
    drop((talker, listeners, deaf));
    assert_eq!(server.stop_and_count()?, [("media-0".to_owned(), 0)]);
    Ok(())
}
