"""Who is called and who answers: companies, their contacts, and the tenant's own agents."""

from contacts.models.agent import Agent, AgentExtension
from contacts.models.company import Company
from contacts.models.contact import Contact, ContactNumber
from contacts.models.event import ContactEvent
from contacts.models.ignored import IgnoredNumber
from contacts.models.relink import RelinkRequest

__all__ = ["Agent", "AgentExtension", "Company", "Contact", "ContactEvent", "ContactNumber", "IgnoredNumber", "RelinkRequest"]
