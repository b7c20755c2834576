//! A session: one who publishes or watches, as long as the client wants it and the media flows.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use smol::Timer;
use smol::channel::{Receiver, Sender};
use smol::future::or;

use super::conversation::{Conversation, Event, Reply};
use super::fragment::{self, Fragment};
use super::meeting::Meeting;
use super::problem::Problem;
use super::resource::Purpose;

/// How often a session says that it is there: the shortest sensible session timeout is longer.
const KEEPALIVE: Duration = Duration::from_secs(2);

/// What a client wants of its session.
pub(super) enum Order {
    /// To tell candidates, or to begin ICE anew.
    Change { wanted: Condition, fragment: Fragment, answer: Sender<Result<Changed, Problem>> },
    /// To end.
    End(Sender<()>),
}

/// For which state of the session a change is meant (RFC 9110 section 13.1.1).
pub(super) enum Condition {
    Any,
    Tag(String),
}

/// What came of a change.
pub(super) enum Changed {
    /// Candidates were noted.
    Noted,
    /// ICE begins anew with this end of ours.
    Restarted { fragment: String, tag: String },
}

/// A session that has begun.
pub(super) struct Session {
    purpose: Purpose,
    conversation: Conversation,
    /// The client's offer, with its ICE credentials of now.
    offer: String,
    /// How often ICE began.
    generation: u32,
}

impl Session {
    /// Publishes `offer` in `room`, called `feed` if that is said. Also the answer and who it is.
    pub(super) async fn publish(
        mut conversation: Conversation,
        (room, feed): (&Value, Option<&Value>),
        display: Option<&str>,
        offer: String,
    ) -> Result<(Self, String, Value), (Conversation, Problem)> {
        let mut body = conversation.entry("joinandconfigure", room);
        body["ptype"] = json!("publisher");
        if let Some(feed) = feed {
            body["id"] = feed.clone();
        }
        if let Some(display) = display {
            body["display"] = json!(display);
        }
        match conversation.ask(body, Some(("offer", &offer))).await {
            Ok(Reply { mut data, description: Some(answer) }) => {
                let session = Self { purpose: Purpose::Publish, conversation, offer, generation: 1 };
                Ok((session, answer, data["id"].take()))
            }
            Ok(_) => Err((conversation, Problem::silence())),
            Err(why) => Err((conversation, why)),
        }
    }

    /// Watches `feed`, or the first who publishes in `room`. Also the answer and who it is.
    pub(super) async fn watch(
        mut conversation: Conversation,
        (room, feed): (&Value, Option<&Value>),
        offer: String,
    ) -> Result<(Self, String, Value), (Conversation, Problem)> {
        let feed = match feed {
            Some(feed) => Ok(feed.clone()),
            None => first_publisher(&mut conversation, room).await,
        };
        match feed {
            Ok(feed) => match attach(&mut conversation, (room, &feed), &offer).await {
                Ok(answer) => {
                    let session = Self { purpose: Purpose::Watch, conversation, offer, generation: 1 };
                    Ok((session, answer, feed))
                }
                Err(why) => Err((conversation, why)),
            },
            Err(why) => Err((conversation, why)),
        }
    }

    /// What names the session's state of now.
    pub(super) fn tag(&self) -> String {
        format!("\"{}\"", self.generation)
    }

    /// Goes on until the client or the media ends it.
    pub(super) async fn run(mut self, orders: Receiver<Order>) {
        enum Step {
            Order(Option<Order>),
            Event(Event),
            Due,
        }
        loop {
            let order = async { Step::Order(orders.recv().await.ok()) };
            let event = async { Step::Event(self.conversation.next().await) };
            let due = async {
                Timer::after(KEEPALIVE).await;
                Step::Due
            };
            let is_alive = match or(order, or(event, due)).await {
                Step::Order(Some(Order::Change { wanted, fragment, answer })) => {
                    let changed = self.change(&wanted, fragment).await;
                    // Who asked may be gone.
                    let _ = answer.try_send(changed);
                    true
                }
                Step::Order(Some(Order::End(ended))) => {
                    self.conversation.end().await;
                    let _ = ended.try_send(());
                    return;
                }
                Step::Order(None) | Step::Event(Event::Over) => false,
                // It may be of something that this player does not take: then it stays as it was.
                Step::Event(Event::Offer(offer)) => {
                    let _ = self.meet(&offer).await;
                    true
                }
                Step::Due => self.conversation.keep_alive().await.is_ok(),
            };
            if !is_alive {
                return self.conversation.end().await;
            }
        }
    }

    async fn change(&mut self, wanted: &Condition, fragment: Fragment) -> Result<Changed, Problem> {
        if let Condition::Tag(tag) = wanted
            && *tag != self.tag()
        {
            return Err(Problem::new(StatusCode::PRECONDITION_FAILED, "ICE began anew since"));
        }
        let Fragment { credentials, candidates } = fragment;
        if let Some(new) = credentials.filter(|new| fragment::credentials(&self.offer).as_ref() != Some(new)) {
            return self.restart(&new).await;
        }
        if !candidates.is_empty() {
            self.conversation.trickle(candidates).await?;
        }
        Ok(Changed::Noted)
    }

    /// Begins ICE anew.
    async fn restart(&mut self, credentials: &(String, String)) -> Result<Changed, Problem> {
        let renamed = fragment::renamed(&self.offer, credentials);
        let old = std::mem::replace(&mut self.offer, renamed);
        let described = match self.purpose {
            Purpose::Publish => self.offer_again().await,
            Purpose::Watch => self.ask_for_offer().await,
        };
        let description = described.inspect_err(|_| self.offer = old)?;
        self.generation += 1;
        let mid = self.offer.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or("0");
        Ok(Changed::Restarted { fragment: fragment::write(&description, mid), tag: self.tag() })
    }

    async fn offer_again(&mut self) -> Result<String, Problem> {
        let body = json!({ "request": "configure" });
        let reply = self.conversation.ask(body, Some(("offer", &self.offer))).await?;
        reply.description.ok_or_else(Problem::silence)
    }

    async fn ask_for_offer(&mut self) -> Result<String, Problem> {
        let reply = self.conversation.ask(json!({ "request": "configure", "restart": true }), None).await?;
        let offer = reply.description.ok_or_else(Problem::silence)?;
        self.meet(&offer).await?;
        Ok(offer)
    }

    /// Answers another offer of Parlor's.
    async fn meet(&mut self, offer: &str) -> Result<(), Problem> {
        let answer = Meeting::of(&self.offer, offer)?.for_parlor();
        self.conversation.ask(json!({ "request": "start" }), Some(("answer", &answer))).await.map(|_| ())
    }
}

async fn first_publisher(conversation: &mut Conversation, room: &Value) -> Result<Value, Problem> {
    let body = json!({ "request": "listparticipants", "room": room });
    let reply = conversation.ask(body, None).await?;
    let mut people = reply.data["participants"].as_array().into_iter().flatten();
    let first = people.find(|participant| participant["publisher"] == true).map(|found| found["id"].clone());
    first.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "Nobody publishes in this room"))
}

/// Subscribes to `feed` and answers both offers; what the player gets.
async fn attach(
    conversation: &mut Conversation,
    (room, feed): (&Value, &Value),
    offer: &str,
) -> Result<String, Problem> {
    let mut body = conversation.entry("join", room);
    body["ptype"] = json!("subscriber");
    body["streams"] = json!([{ "feed": feed }]);
    // The player cannot be offered anything else: without a source its session ends.
    body["close_pc"] = json!(true);
    let reply = conversation.ask(body, None).await?;
    let parlor = reply.description.ok_or_else(Problem::silence)?;
    let meeting = Meeting::of(offer, &parlor)?;
    let answer = meeting.for_parlor();
    conversation.ask(json!({ "request": "start" }), Some(("answer", &answer))).await?;
    Ok(meeting.for_player())
}
