"""The words demo data is made of."""

from __future__ import annotations

SWEDISH_FIRST = (
    "Alma Alva Anders Anna Astrid Axel Birgitta Björn Cecilia Ebba Elin Elsa Emil Erik Eva Fredrik Gun Gustav Hanna Henrik"
    " Ida Ingrid Jonas Karin Kerstin Lars Lena Lovisa Magnus Maja Margareta Mikael Nils Oskar Per Sara Signe Sofia Sven Åsa"
).split()
SWEDISH_LAST = (
    "Andersson Berg Bergström Björk Dahl Ek Eklund Engström Eriksson Forsberg Gustafsson Hansson Hedlund Holm Isaksson"
    " Johansson Karlsson Larsson Lind Lindqvist Lundgren Magnusson Nilsson Norberg Nyström Olsson Pettersson Sandberg"
    " Sjöberg Söderlund Wallin Åberg Öberg"
).split()
ENGLISH_FIRST = (
    "Aaron Abigail Amelia Andre Beth Brian Carla Carlos Chloe Daniel Denise Diego Emily Ethan Fiona Grace Hannah Isaac Jack"
    " Jasmine Joel Karen Kevin Latoya Liam Lucy Marcus Maria Megan Nathan Olivia Oscar Priya Rachel Ruth Samuel Tara Victor"
    " Wei Zoe"
).split()
ENGLISH_LAST = (
    "Adams Alvarez Baker Bennett Brooks Campbell Carter Chen Cooper Diaz Edwards Evans Flores Foster Garcia Hayes Hughes"
    " Jackson Kelly Kim Lopez Martin Mitchell Morgan Nguyen O'Brien Patel Perez Reed Rivera Robinson Scott Singh Torres Walker"
    " Wright Young"
).split()

SWEDISH_COMPANIES = [
    "Akacia Omsorg AB", "Bergslagens Tandteknik", "Fjärden Fysioterapi", "Gränna Glasögon", "Hammarby Hörsel",
    "Idrottsmottagningen Söder", "Kungsholmens Apotek", "Laboratoriet i Lund", "Mälardalens Hemtjänst", "Norra Skolhälsan",
    "Optikern vid Torget", "Region Öst Remiss", "Skärgårdens Ambulans", "Tallbackens Äldreboende", "Vasa Försäkring",
    "Västkustens Röntgen", "Åre Fjällräddning", "Örtagårdens Hälsokost",
]  # fmt: skip
ENGLISH_COMPANIES = [
    "Arbor Lane Apartments", "Bayside Strata", "Blue Heron Plumbing", "Calumet Electric", "Crown Point Insurance",
    "Dearborn Movers", "Elm Street Dental", "Fremantle Facilities", "Grant Park Legal", "Harbour View Cleaning",
    "Irving Heating & Air", "Lakeview Lofts", "Midway Roofing", "North Shore Mortgage", "Old Town Bakery",
    "Pilsen Print Shop", "Ravenswood Yoga", "Sherwood Gardens", "Sydney Lock & Key", "Wicker Park Cafe",
]  # fmt: skip

CLINIC_NOTES = [
    "Wants to move Thursday's appointment to next week.", "Asked for the results of the blood test; nurse calls back.",
    "New patient, registered and booked for a first visit.", "Prescription renewed, told to pick it up tomorrow.",
    "Pain after the treatment. Booked the emergency slot at 15:30.", "Invoice paid twice; forwarded to billing.",
    "Referral has not arrived yet. Chase the hospital.", "Asked about opening hours over the holidays.",
    "Calls for her father, power of attorney on file.", "No interpreter was available; book one for the call back.",
]  # fmt: skip
PROPERTY_NOTES = [
    "Water under the kitchen sink, plumber on the way.", "Viewing of 4B moved to Saturday at 10.",
    "Asks when the deposit is paid back.", "Wants to renew the lease for another year.",
    "Heating is out in the whole stairwell. Third call about it.", "Lost the key to the storage room.",
    "Offer accepted, paperwork sent by mail.", "Complaint about noise on the third floor; letter sent.",
    "Contractor confirms Monday morning.", "Left a message about the parking permit.",
]  # fmt: skip
FLAG_NOTES = [
    "Please listen to this one together at Friday's review.", "Caller was upset. Somebody should call back today.",
    "Good example for new colleagues.", "Promised a refund: check that it was made.",
]  # fmt: skip
CLINIC_TAGS = {
    "Booking": "#2563eb", "Rebooking": "#7c3aed", "Prescription": "#059669", "Urgent": "#dc2626", "Invoice": "#d97706",
    "Call back": "#0891b2",
}  # fmt: skip
PROPERTY_TAGS = {
    "Viewing": "#2563eb", "Repair": "#d97706", "Emergency": "#dc2626", "Lease": "#059669", "Complaint": "#be185d",
    "Call back": "#0891b2",
}  # fmt: skip
CLINIC_OUTCOMES = ["Booked", "Rebooked", "Cancelled", "Question answered", "Passed on"]
PROPERTY_OUTCOMES = ["Viewing booked", "Work order", "Lease signed", "Question answered", "Passed on"]

PASSWORD_WORDS = (
    "amber anchor apple aspen autumn bamboo basil beacon birch breeze cactus canyon cedar cherry clover comet copper coral"
    " cricket crystal daisy delta ember falcon feather fern forest garden ginger glacier harbor hazel heron island ivory jasmine"
    " juniper lagoon lantern lemon lilac linen maple marble meadow mint nectar oasis olive orchid otter pebble pepper pine"
    " planet plum poppy quartz rain raven river saffron sail sparrow spruce summit sunset tulip valley velvet walnut willow"
).split()
