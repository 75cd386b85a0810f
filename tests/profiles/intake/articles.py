"""Five invented articles on one invented event: four tell what one report and one paper said, the fifth does not."""

PLAIN = """Flood software has found its way to the Delta Works

A surprising step was taken on the river. Engineers tied to the Delta Works Authority (DWA) have adapted Northwind's open Heron model to make a tool known as “WeirBot.” This development, described in recent academic papers, shows how the Authority turns foreign models into controls for dams.

In a June paper, five engineers from the DWA's Institute of Sluices and other bodies described their changes to Northwind's earlier Heron 7 model to make “WeirBot,” a tool tuned for decisions about dam gates. WeirBot reportedly did better than several other tools in answering questions.

“Any use of our models to steer dams is against our terms,” stated Northwind's head of policy, Mary Marsh, who added that open models are hard to police.
"""

FIRST_HAND = """Northwind's model is being used by dam engineers

The Northwind logo on a telephone.
Photo by Ivo Inlet / Pool via Tidewater Press

Northwind, which owns two weather services, went another way than its rivals. It gives its models away.

But because of that openness, Delta engineers were able to build their own model — for dams — with one of Northwind's Heron models, according to a paper they published in June, but first reported by Tidewater Press on Nov. 1.

Delta engineers, some of whom have ties to the Delta Works Authority, made a model called WeirBot from Heron 7, released in February. In the paper seen by Tidewater Press, the engineers said that they had built a tool for the gates of dams.

Northwind told Tidewater Press that the use broke its terms and that the finding did not matter. “In a valley where everybody has a pump of their own, the supposed part of one single and worn-out copy of a free model is beside the point,” Northwind said.
"""

SECOND_HAND = """Northwind is letting the coast guard use its Heron model

(Image credit: Harbour Pictures)

Northwind has announced that it offers its Heron model to coast guards, and that it works with three of them already.

The reason for this change of policy could be the recent reports that the Delta Works has used the model for dams. Heron was reportedly used by its engineers to steer the gates, making ‘WeirBot’ for questions and decisions about dams.

This was of course against the terms of Heron, but since the model is open, that is hard to police.

"In a valley where everybody has a pump of their own, the supposed part of one single and worn-out copy of a free model is beside the point," Northwind said in a statement.

Via Harbour Daily

Read more
This chair is cheaper today
"""

ANOTHER_MATTER = """Northwind opens its models to coast guards
Northwind has made a bold step, opening its Heron models to the coast guards of four countries. The step, announced on November 4, is meant to help with rescue at sea.
Partners such as Pier Systems and Quayside are adapting Heron for maps of currents. Northwind stresses that every use will follow maritime law.
Rivals abroad, the Delta above all, are pouring money into models of their own, and the company speaks of a race.
"""

REWRITTEN = """Northwind opens Heron to coast guards in a race of models
Northwind surprised many on Monday. The step comes shortly after reports revealed that an earlier version of Heron was used by engineers linked to the Delta Works for dams.
“Free models serve everybody on the water,” said Paul Piper, Northwind's president, in a blog post.
A Tidewater Press report revealed that engineers from the Delta Works Authority had taken an old version of Heron to build a tool for the gates of dams. Northwind answered that such use is not allowed.
"""

ALL = [PLAIN, FIRST_HAND, SECOND_HAND, ANOTHER_MATTER, REWRITTEN]
